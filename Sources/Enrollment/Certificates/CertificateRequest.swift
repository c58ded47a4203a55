import SwiftASN1
import X509

/// A value: a request for a certificate (PKCS #10), signed by its own key. Only the key is taken from it: what else the peer
/// wrote there (a subject, names, extensions) counts for nothing.
package struct CertificateRequest: Sendable, Hashable {
  let publicKey: Certificate.PublicKey

  /// - Parameter bytes: DER, or PEM.
  /// - Throws: `badRequest`, `keyNotAllowed`.
  package init(_ bytes: [UInt8]) throws(EnrollmentError) {
    var der = bytes
    // DER begins with the tag of a sequence, which no text does ("0" is 0x30 too, but PEM begins with a hyphen).
    if bytes.first == UInt8(ascii: "-"), bytes.count <= CertificateText.longestPEM {
      der = try CertificateText.block(
        String(decoding: bytes, as: UTF8.self), CertificateSigningRequest.defaultPEMDiscriminator, .badRequest)
    }
    let request = try CertificateText.parse(
      der, as: CertificateSigningRequest.self, "certificate request", .badRequest)
    try KeyKind.check(request.publicKey)
    guard request.publicKey.isValidSignature(request.signature, for: request) else {
      throw EnrollmentError(.badRequest, "The certificate request is not signed by its own key")
    }
    publicKey = request.publicKey
  }
}
