/// How a header field spells a value: trimmed, and `=?base64?...?=` where it does not fit plain ASCII.
enum HeaderValue {
  static func trimmed(_ value: String) -> String {
    let utf8 = value.utf8
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    guard let first = utf8.first, let last = utf8.last, isBlank(first) || isBlank(last) else { return value }
    let start = utf8.firstIndex { !isBlank($0) } ?? utf8.endIndex
    let end = utf8.lastIndex { !isBlank($0) }.map { utf8.index(after: $0) } ?? start
    return String(value[start..<end])
  }

  /// The parts between semicolons, trimmed and in lower case. Split by bytes, since each request has such fields.
  static func parameters(_ value: Substring) -> [String] {
    value.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map {
      trimmed(String(Substring($0))).lowercased()
    }
  }

  /// The value meant; nil for a wrapper that does not hold canonical base64 (RFC 4648 section 4) of UTF-8.
  static func decoded(_ value: String) -> String? {
    let prefix = "=?base64?"
    let suffix = "?="
    guard value.hasPrefix(prefix), value.hasSuffix(suffix), value.utf8.count >= prefix.utf8.count + suffix.utf8.count
    else { return value }
    guard let bytes = Base64.decoded(value.utf8.dropFirst(prefix.utf8.count).dropLast(suffix.utf8.count)) else {
      return nil
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

enum Base64 {
  /// nil unless `text` is canonical: padded, no foreign characters, no bits left over.
  static func decoded(_ text: some Sequence<UInt8>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    var padding = 0
    for character in text {
      count += 1
      if character == UInt8(ascii: "=") {
        padding += 1
        continue
      }
      guard padding == 0, let sextet = sextet(character) else { return nil }
      bits = bits << 6 | UInt32(sextet)
      let pending = count % 4
      if pending != 1 {
        let left = UInt32([0, 0, 4, 2][pending])
        bytes.append(UInt8(truncatingIfNeeded: bits >> left))
      }
    }
    let left: UInt32 = padding == 0 ? 0 : padding == 1 ? 0b11 : 0b1111
    guard count % 4 == 0, padding <= 2, count > 0 || padding == 0, bits & left == 0 else { return nil }
    return bytes
  }

  private static func sextet(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
