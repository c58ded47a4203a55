import Crypto
import X509

/// Which keys may be certified: those that the TLS 1.3 of both ends verifies by default. Holds no state.
///
/// Source: RFC 8446, section 9.1, and BoringSSL's default list, which has no Ed25519 and no P-521. RSA would pass, but
/// nothing here makes such keys.
enum KeyKind {
  /// - Throws: `keyNotAllowed`.
  static func check(_ key: Certificate.PublicKey) throws(EnrollmentError) {
    guard P256.Signing.PublicKey(key) != nil || P384.Signing.PublicKey(key) != nil else {
      throw EnrollmentError(.keyNotAllowed, "The key is neither ECDSA P-256 nor P-384")
    }
  }
}
