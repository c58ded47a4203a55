/// Bytes as lower case base 32 without padding and back: one spelling for each value. Holds no state.
///
/// Source: RFC 4648, section 6 (in lower case).
enum Base32 {
  static func text(_ bytes: some Collection<UInt8>) -> String {
    var text: [UInt8] = []
    var held: UInt32 = 0
    var bits = 0
    for byte in bytes {
      held = (held << 8 | UInt32(byte)) & 0xFFFF
      bits += 8
      while bits >= 5 {
        bits -= 5
        text.append(digits[Int(held >> UInt32(bits) & 31)])
      }
    }
    if bits > 0 { text.append(digits[Int(held << UInt32(5 - bits) & 31)]) }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: Nil for any other character, for bits that are left over and not zero, and for digits that add nothing.
  static func bytes(_ text: Substring) -> [UInt8]? {
    var bytes: [UInt8] = []
    var held: UInt32 = 0
    var bits = 0
    for character in text.utf8 {
      guard let digit = digits.firstIndex(of: character) else { return nil }
      held = (held << 5 | UInt32(digit)) & 0xFFFF
      bits += 5
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(held >> UInt32(bits) & 0xFF))
      }
    }
    guard bits < 5, held & ((1 << UInt32(bits)) - 1) == 0 else { return nil }
    return bytes
  }

  private static let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
}
