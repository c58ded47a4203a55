package import FoundationEssentials
import SwiftASN1
import X509

/// A value: the certificate of one end of a link. The only source of an identity; says nothing of who signed it
/// (`AuthorityCertificate.check`).
package struct LeafCertificate: Sendable, Hashable {
  /// The one URI in it.
  package let identity: LinkIdentity
  package let serial: SerialNumber
  package let notBefore: Date
  package let notAfter: Date
  package let der: [UInt8]
  let certificate: Certificate

  /// Takes a certificate that is no authority's, with exactly one URI, which is the identity, and its `serverName` as the
  /// only DNS name.
  ///
  /// - Throws: `badCertificate`.
  package init(der: [UInt8]) throws(EnrollmentError) {
    certificate = try CertificateText.parse(der, as: Certificate.self, "certificate", .badCertificate)
    self.der = der
    serial = try SerialNumber(bytes: certificate.serialNumber.bytes)
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    let names = try CertificateNames(certificate)
    guard !names.isAuthority else { throw EnrollmentError(.badCertificate, "An authority's certificate, not a leaf") }
    guard names.uris.count == 1 else {
      throw EnrollmentError(.badCertificate, "A leaf has one URI, not \(names.uris.count)")
    }
    do {
      identity = try LinkIdentity(uri: names.uris[0])
    } catch {
      throw EnrollmentError(.badCertificate, error.message)
    }
    guard names.dnsNames == [identity.serverName], !names.hasOthers else {
      throw EnrollmentError(
        .badCertificate, "The names of the certificate of \(identity) are not those of its identity")
    }
  }

  /// - Throws: `badCertificate`.
  package init(pem: String) throws(EnrollmentError) {
    try self.init(der: CertificateText.block(pem, Certificate.defaultPEMDiscriminator, .badCertificate))
  }

  package var pem: String { CertificateText.pem(der, Certificate.defaultPEMDiscriminator) }

  /// When the authority made it: `notBefore` lies earlier, for clocks that are behind.
  package var issued: Date { notBefore.addingTimeInterval(Authority.headStart) }
}
