/// What names may look like: the common part of a DNS name and a spiffe path. Holds no state.
///
/// Lower case only, so that two spellings of one machine are never two identities. Source: RFC 1123, section 2.1; the
/// SPIFFE ID specification, sections 2.1 and 2.2.
enum NameRule {
  /// Bytes of one label, as in DNS.
  static let longestLabel = 63
  /// Bytes of a whole dotted name.
  static let longestName = 64

  /// - Throws: `invalidName`.
  static func checkLabel(_ text: String, _ what: StaticString) throws(EnrollmentError) {
    guard isLabel(text.utf8[...]) else { throw refusal(text, what) }
  }

  /// Labels with dots between them.
  ///
  /// - Throws: `invalidName`.
  static func checkName(_ text: String, _ what: StaticString) throws(EnrollmentError) {
    guard
      text.utf8.count <= longestName,
      text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
    else { throw refusal(text, what) }
  }

  /// What somebody else wrote, for a message: `limit` characters at most, all of them printable ASCII.
  static func shown(_ text: String, limit: Int = 80) -> String {
    String(text.unicodeScalars.prefix(limit).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" })
  }

  private static func isLabel(_ bytes: Substring.UTF8View) -> Bool {
    guard (1...longestLabel).contains(bytes.count), bytes.first != hyphen, bytes.last != hyphen else { return false }
    return bytes.allSatisfy { byte in
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        || byte == hyphen
    }
  }

  private static func refusal(_ text: String, _ what: StaticString) -> EnrollmentError {
    EnrollmentError(.invalidName, "Not a \(what) (a-z, 0-9, '-', '.', lower case, 64 at most): '\(shown(text))'")
  }

  private static let hyphen = UInt8(ascii: "-")
}
