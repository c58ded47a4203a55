package import FoundationEssentials
import SwiftASN1
import X509

/// A value: the certificate of an authority, signed by its own key. Trusted only by its pin, or since it lies in a folder.
package struct AuthorityCertificate: Sendable, Hashable {
  package let pin: AuthorityPin
  package let trustDomain: TrustDomain
  package let notBefore: Date
  package let notAfter: Date
  package let der: [UInt8]
  let certificate: Certificate

  /// - Throws: `badCertificate`.
  package init(der: [UInt8]) throws(EnrollmentError) {
    certificate = try CertificateText.parse(der, as: Certificate.self, "certificate", .badCertificate)
    self.der = der
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    let names = try CertificateNames(certificate)
    guard names.isAuthority else { throw EnrollmentError(.badCertificate, "Not an authority's certificate") }
    let scheme = "spiffe://"
    guard names.uris.count == 1, names.uris[0].hasPrefix(scheme) else {
      throw EnrollmentError(.badCertificate, "An authority has one URI, its trust domain")
    }
    do {
      trustDomain = try TrustDomain(String(names.uris[0].dropFirst(scheme.count)))
    } catch {
      throw EnrollmentError(.badCertificate, error.message)
    }
    do {
      try KeyKind.check(certificate.publicKey)
    } catch {
      throw EnrollmentError(.badCertificate, error.message)
    }
    // Without this, a stranger's certificate around the pinned public key would be taken.
    guard certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
      throw EnrollmentError(.badCertificate, "The authority's certificate is not signed by its own key")
    }
    pin = try AuthorityPin(of: certificate.publicKey)
  }

  /// - Throws: `badCertificate`.
  package init(pem: String) throws(EnrollmentError) {
    try self.init(der: CertificateText.block(pem, Certificate.defaultPEMDiscriminator, .badCertificate))
  }

  package var pem: String { CertificateText.pem(der, Certificate.defaultPEMDiscriminator) }
}
