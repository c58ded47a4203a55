import Crypto
import X509

/// A value: a certificate with its private key and the authority that signed it. Is not described: the key is in it.
package struct Credentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let leaf: LeafCertificate
  package let authority: AuthorityCertificate
  /// PKCS #8, PEM. Secret.
  package let keyPEM: String

  /// - Throws: `badAnswer` unless the key is the certificate's.
  init(leaf: LeafCertificate, authority: AuthorityCertificate, key: P256.Signing.PrivateKey) throws(EnrollmentError) {
    guard leaf.certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
      throw EnrollmentError(.badAnswer, "The certificate of \(leaf.identity) is for another key")
    }
    self.leaf = leaf
    self.authority = authority
    keyPEM = key.pemRepresentation + "\n"
  }

  /// The leaf, then its authority, whom a joiner looks for in the chain that a server shows.
  package var chainPEM: String { leaf.pem + authority.pem }

  package var description: String { "credentials of \(leaf.identity)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: ["leaf": leaf.identity.uri]) }
}
