/// A line of the log being put together, in either format, as UTF-8. A value.
struct LogLine {
  private let format: LogSettings.Format
  private var bytes: [UInt8] = []

  init(format: LogSettings.Format) {
    self.format = format
    bytes.reserveCapacity(256)
    if format == .json { bytes.append(UInt8(ascii: "{")) }
  }

  /// A value for which there is no room is shortened, and ends in an ellipsis; without room for any of it, it is left out.
  mutating func add(_ key: String, _ value: String) {
    let start = bytes.count
    let end = LogSink.longestLine - Self.ending
    write(key, value)
    guard bytes.count > end else { return }
    let scalars = value.unicodeScalars
    // As if all took alike; where those that are kept take more, again with half as many.
    var kept = scalars.count * (end - start) / (bytes.count - start) - 8
    while kept > 0 {
      bytes.removeSubrange(start...)
      write(key, String(String.UnicodeScalarView(scalars.prefix(kept))) + "\u{2026}")
      if bytes.count <= end { return }
      kept /= 2
    }
    bytes.removeSubrange(start...)
  }

  /// Bytes behind the last value.
  private static let ending = 2

  private mutating func write(_ key: String, _ value: String) {
    let first = bytes.count <= 1
    switch format {
    case .logfmt:
      if !first { bytes.append(UInt8(ascii: " ")) }
      append(key: key)
      bytes.append(UInt8(ascii: "="))
      append(value: value)
    case .json:
      if !first { bytes.append(UInt8(ascii: ",")) }
      append(quoted: key)
      bytes.append(UInt8(ascii: ":"))
      append(quoted: value)
    }
  }

  /// The line with its line feed.
  consuming func finished() -> [UInt8] {
    if format == .json { bytes.append(UInt8(ascii: "}")) }
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }

  /// Keys hold no blank, quote, equals sign or control character.
  private mutating func append(key: String) {
    let start = bytes.count
    bytes.append(contentsOf: key.utf8)
    guard !bytes[start...].allSatisfy(Self.isBare) else { return }
    bytes.removeSubrange(start...)
    let word = String(key.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    bytes.append(contentsOf: word.utf8)
  }

  /// As it is, or quoted where it holds something else or nothing.
  private mutating func append(value: String) {
    let start = bytes.count
    bytes.append(contentsOf: value.utf8)
    guard bytes.count == start || !bytes[start...].allSatisfy({ Self.isBare($0) && $0 != UInt8(ascii: "\\") }) else {
      return
    }
    bytes.removeSubrange(start...)
    append(quoted: value)
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "=") && byte != UInt8(ascii: "\"")
  }

  /// A JSON string (RFC 8259 section 7), with all that is hidden escaped as well.
  private mutating func append(quoted value: String) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": append(escape: "\\\"")
      case "\\": append(escape: "\\\\")
      case "\n": append(escape: "\\n")
      case "\r": append(escape: "\\r")
      case "\t": append(escape: "\\t")
      case _ where HiddenCharacter.contains(scalar.value):
        // Beyond the first plane JSON takes two.
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          append(escape: "\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        }
      default: bytes.append(contentsOf: scalar.utf8)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func append(escape text: String) { bytes.append(contentsOf: text.utf8) }
}
