/// Bytes as lower case hexadecimal digits and back. Holds no state.
enum Hex {
  static func text(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 0xF)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: Nil unless `text` is lower case hexadecimal of exactly `count` bytes.
  static func bytes(_ text: String, count: Int) -> [UInt8]? {
    let text = Array(text.utf8)
    guard text.count == 2 * count else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: text.count, by: 2) {
      guard let high = digits.firstIndex(of: text[index]), let low = digits.firstIndex(of: text[index + 1]) else {
        return nil
      }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }

  private static let digits = Array("0123456789abcdef".utf8)
}
