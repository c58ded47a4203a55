import Crypto

/// A value: a token as the operator carries it to the new machine: the secret, and the pin of the authority to use it with.
///
/// The text is `scout1_` and 109 characters of base 32 (secret, pin, checksum); the checksum finds slips of the pen, and is
/// no protection. Is not described: the secret is in it.
package struct JoinToken: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  static let prefix = "scout1_"
  static let checksumCount = 4
  static let textCount = 109

  /// 32 bytes, for `JoinRequest`. Secret.
  package let secret: [UInt8]
  package let pin: AuthorityPin

  init(secret: TokenSecret, pin: AuthorityPin) {
    self.secret = secret.bytes
    self.pin = pin
  }

  /// - Parameter text: Blanks and line ends around the token are passed over.
  /// - Throws: `invalidToken`, without a word of the text.
  package init(_ text: String) throws(EnrollmentError) {
    guard text.utf8.count <= 512 else { throw EnrollmentError(.invalidToken, "The token is too long") }
    let blanks: Set<Character> = [" ", "\t", "\n", "\r", "\r\n"]
    var text = text[...]
    while let first = text.first, blanks.contains(first) { text.removeFirst() }
    while let last = text.last, blanks.contains(last) { text.removeLast() }
    guard text.hasPrefix(Self.prefix) else {
      throw EnrollmentError(.invalidToken, "A token begins with \(Self.prefix)")
    }
    let digits = text.dropFirst(Self.prefix.count)
    guard digits.utf8.count == Self.textCount else {
      throw EnrollmentError(
        .invalidToken, "A token has \(Self.textCount) characters after \(Self.prefix), not \(digits.utf8.count)")
    }
    guard let bytes = Base32.bytes(digits), Self.isGood(bytes) else {
      throw EnrollmentError(.invalidToken, "The token's checksum is wrong: is it copied whole?")
    }
    secret = Array(bytes[..<TokenSecret.count])
    pin = AuthorityPin(bytes: Array(bytes[TokenSecret.count..<(TokenSecret.count + AuthorityPin.count)]))
  }

  /// Secret: printed once, for the operator.
  package var text: String {
    let bytes = secret + pin.bytes
    return Self.prefix + Base32.text(bytes + Self.checksum(bytes[...]))
  }

  package var description: String { "a token for the authority \(pin)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: ["pin": pin.text]) }

  private static func isGood(_ bytes: [UInt8]) -> Bool {
    bytes.count == TokenSecret.count + AuthorityPin.count + checksumCount
      && Array(bytes.suffix(checksumCount)) == checksum(bytes.dropLast(checksumCount))
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var hash = SHA256()
    hash.update(data: Array(prefix.utf8))
    hash.update(data: Array(bytes))
    return Array(hash.finalize().prefix(checksumCount))
  }
}
