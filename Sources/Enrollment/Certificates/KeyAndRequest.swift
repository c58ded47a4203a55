import Crypto
package import FoundationEssentials
import X509

/// A value: a new key (ECDSA P-256), which never leaves this side, and the request that asks for its certificate.
package struct KeyAndRequest: Sendable {
  /// DER.
  package let request: [UInt8]
  private let key: P256.Signing.PrivateKey

  /// - Throws: `badRequest`, when the request cannot be signed.
  package init() throws(EnrollmentError) {
    key = P256.Signing.PrivateKey()
    let signed: CertificateSigningRequest
    do {
      signed = try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName(), privateKey: .init(key), attributes: .init())
    } catch {
      throw EnrollmentError(.badRequest, "Cannot make a certificate request: \(error)")
    }
    request = try CertificateText.der(signed)
  }

  /// Takes the answer to the request.
  ///
  /// - Parameters:
  ///   - chain: DER, the leaf first.
  ///   - authorities: The one that is pinned, or those that are trusted.
  ///   - identity: Who this side is; nil when it joins and takes the name that its token is for.
  /// - Throws: `badAnswer`, `badCertificate`, `notOurs`, `expired`, `notYetValid`.
  package func accept(
    _ chain: [[UInt8]], from authorities: [AuthorityCertificate], as identity: LinkIdentity?, now: Date
  ) throws(EnrollmentError) -> Credentials {
    guard let first = chain.first, chain.count <= CertificateText.longestChain else {
      throw EnrollmentError(.badAnswer, "The authority answered with \(chain.count) certificates")
    }
    let leaf = try LeafCertificate(der: first)
    let authority = try authorities.check(leaf, now: now)
    if let identity, identity != leaf.identity {
      throw EnrollmentError(.badAnswer, "The authority answered for \(leaf.identity), not for \(identity)")
    }
    return try Credentials(leaf: leaf, authority: authority, key: key)
  }
}
