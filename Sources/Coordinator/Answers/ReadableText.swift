import MCP

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

  /// What has no shape of its own and still changes what is seen: C0, DEL and C1 controls, marks that reorder text (Unicode
  /// TR 36, bidirectional spoofing), other line ends, blanks without width, and tags, in which a text can be hidden.
  private static func isControl(_ value: UInt32) -> Bool {
    switch value {
    case ..<0x20, 0x7F...0x9F: true
    case ..<0x061C: false
    // U+200C and U+200D join and part letters in many scripts, and stay.
    case 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060, 0x2066...0x2069, 0xFEFF: true
    case 0xE0000...0xE007F: true
    default: false
    }
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
      if !isControl(value) || keepingLines && (value == 0x0A || value == 0x09) {
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
      // What leads the controls beyond ASCII also leads harmless characters, which the loop lets pass.
      return ascii | bytes.equal(to: 0xC2) | bytes.equal(to: 0xD8) | bytes.equal(to: 0xE2) | bytes.equal(to: 0xEF)
        | bytes.equal(to: 0xF3)
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
