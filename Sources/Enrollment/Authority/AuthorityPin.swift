import Crypto
import SwiftASN1
import X509

/// A value: SHA-256 of an authority's public key (DER SubjectPublicKeyInfo), by which a machine that knows nothing else
/// knows the authority. Survives a new certificate for the same key.
package struct AuthorityPin: Sendable, Hashable, CustomStringConvertible {
  static let count = 32
  static let prefix = "sha256:"

  package let bytes: [UInt8]

  init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// As it is sent.
  ///
  /// - Throws: `invalidPin` for another number of bytes.
  package init(sent bytes: [UInt8]) throws(EnrollmentError) {
    guard bytes.count == Self.count else {
      throw EnrollmentError(.invalidPin, "A pin has \(Self.count) bytes, not \(bytes.count)")
    }
    self.bytes = bytes
  }

  /// - Parameter text: `sha256:` and 64 hexadecimal digits.
  /// - Throws: `invalidPin`.
  package init(_ text: String) throws(EnrollmentError) {
    guard
      text.hasPrefix(Self.prefix),
      let bytes = Hex.bytes(text.dropFirst(Self.prefix.count).lowercased(), count: Self.count)
    else { throw EnrollmentError(.invalidPin, "Not a pin (sha256: and 64 digits): '\(NameRule.shown(text))'") }
    self.bytes = bytes
  }

  init(of key: Certificate.PublicKey) throws(EnrollmentError) {
    bytes = Array(SHA256.hash(data: try CertificateText.der(key)))
  }

  package var text: String { Self.prefix + Hex.text(bytes) }
  package var description: String { text }
}
