extension String {
  /// Lower case of A to Z only, as tolower(3) in the C locale: what ssh compares keywords and host names by.
  package func asciiLowercased() -> String {
    guard utf8.contains(where: { $0.isUpper }) else { return self }
    return String(decoding: utf8.map { $0.isUpper ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}

extension UInt8 {
  var isUpper: Bool { self >= UInt8(ascii: "A") && self <= UInt8(ascii: "Z") }
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }
  /// Of ssh's tokenizer: space, tab, carriage return, newline.
  var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0D || self == 0x0A }
}
