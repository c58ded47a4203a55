/// A value: the serial number of a certificate as lower case hexadecimal, 1 to 20 bytes, without leading zeros.
package struct SerialNumber: Sendable, Hashable, CustomStringConvertible {
  package let text: String

  /// - Throws: `badCertificate`.
  init(bytes: some Collection<UInt8>) throws(EnrollmentError) {
    // The DER of a number from 0x80 on has a zero before it: 20 bytes of number can have 21.
    let significant = Array(bytes.drop { $0 == 0 })
    guard (1...20).contains(significant.count) else {
      throw EnrollmentError(.badCertificate, "A serial number has 1 to 20 bytes, not \(significant.count)")
    }
    text = Hex.text(significant)
  }

  /// As `openssl x509 -serial` writes it (upper case is taken too), or with colons between the bytes.
  ///
  /// - Throws: `badCertificate`.
  package init(_ text: String) throws(EnrollmentError) {
    let digits = text.lowercased().filter { $0 != ":" }
    guard let bytes = Hex.bytes(digits, count: digits.utf8.count / 2) else {
      throw EnrollmentError(.badCertificate, "Not a serial number: '\(NameRule.shown(text))'")
    }
    try self.init(bytes: bytes)
  }

  package var description: String { text }
}
