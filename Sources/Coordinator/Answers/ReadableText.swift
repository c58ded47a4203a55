import MCP
import Telemetry

/// Remote bytes made fit to be shown: control characters become escapes, everything else stays.
package enum ReadableText {
  /// For one line: newlines and tabs are escaped, too.
  package static func escaped(_ text: String) -> String {
    escape(text, keepingLines: false)
  }

  /// For a block of text: newlines and tabs stay; a carriage return before a newline goes.
  package static func block(_ text: String) -> String {
    escape(text, keepingLines: true)
  }

  /// Cut to at most `limit` bytes at a character boundary, with an ellipsis when something went.
  package static func shortened(_ text: String, limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    var kept = 0
    let shown = text.unicodeScalars.prefix { scalar in
      kept += UTF8.width(scalar)
      return kept <= limit - 3
    }
    return String(shown) + "..."
  }

  private static func escape(_ text: String, keepingLines: Bool) -> String {
    guard needsEscape(text, keepingLines: keepingLines) else { return text }
    var out = ""
    out.reserveCapacity(text.utf8.count + 16)
    var heldReturn = false
    for scalar in text.unicodeScalars {
      let value = scalar.value
      if heldReturn {
        heldReturn = false
        if value != 0x0A { out += "\\r" }
      }
      if !HiddenCharacter.contains(value) || keepingLines && (value == 0x0A || value == 0x09) {
        out.unicodeScalars.append(scalar)
      } else if value == 0x0D, keepingLines {
        heldReturn = true
      } else {
        out += name(value)
      }
    }
    if heldReturn { out += "\\r" }
    return out
  }

  private static func needsEscape(_ text: String, keepingLines: Bool) -> Bool {
    func isSuspect(_ bytes: EightBytes) -> UInt64 {
      guard bytes.hasUnprintable else { return 0 }
      let lines = keepingLines ? bytes.equal(to: 0x0A) | bytes.equal(to: 0x09) : 0
      let ascii = bytes.below(0x20) & ~lines | bytes.equal(to: 0x7F)
      guard bytes.aboveASCII != 0 else { return ascii }
      return HiddenCharacter.leadingBytes.reduce(ascii) { $0 | bytes.equal(to: $1) }
    }
    var text = text
    return text.withUTF8 { $0.firstIndex(from: 0, where: isSuspect) } != nil
  }

  private static func name(_ value: UInt32) -> String {
    switch value {
    case 0x09: "\\t"
    case 0x0A: "\\n"
    case 0x0D: "\\r"
    case ..<0x100: "\\x" + hexadecimal(value, width: 2)
    default: "\\u{" + hexadecimal(value, width: 4) + "}"
    }
  }

  private static func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
