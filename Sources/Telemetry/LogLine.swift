/// A line of the log being put together, in either format. A value.
struct LogLine {
  private let format: LogSettings.Format
  private var text: String

  init(format: LogSettings.Format) {
    self.format = format
    text = format == .json ? "{" : ""
  }

  mutating func add(_ key: String, _ value: String) {
    let first = text.utf8.count <= 1
    switch format {
    case .logfmt:
      if !first { text += " " }
      text += Self.bareKey(key)
      text += "="
      text += Self.needsQuotes(value) ? Self.quoted(value) : value
    case .json:
      if !first { text += "," }
      text += Self.quoted(key)
      text += ":"
      text += Self.quoted(value)
    }
  }

  /// The line with its line feed.
  consuming func finished() -> String {
    text += format == .json ? "}\n" : "\n"
    return text
  }

  /// Keys hold no blank, quote, equals sign or control character.
  private static func bareKey(_ key: String) -> String {
    let isPlain = key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\"") }
    return isPlain ? key : String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  private static func needsQuotes(_ value: String) -> Bool {
    value.isEmpty
      || value.utf8.contains {
        $0 <= 0x20 || $0 >= 0x7f || $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\")
      }
  }

  /// A JSON string (RFC 8259 section 7), with C1 controls and the line separators escaped as well.
  private static func quoted(_ value: String) -> String {
    var quoted = "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case _
      where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || (0x2028...0x2029).contains(scalar.value):
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
