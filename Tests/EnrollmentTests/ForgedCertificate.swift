import Crypto
import Foundation
import SwiftASN1
import X509

@testable import Enrollment

/// A certificate with one thing wrong in it, signed by whatever key. A value.
struct ForgedCertificate {
  var publicKey = Certificate.PublicKey(P256.Signing.PrivateKey().publicKey)
  var signer = P256.Signing.PrivateKey()
  var issuer = DistinguishedName()
  var subject = DistinguishedName()
  var names: [GeneralName] = []
  var isAuthority = false
  var serial: [UInt8] = [0x42]

  func der() throws -> [UInt8] {
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(bytes: serial), publicKey: publicKey,
      notValidBefore: Installation.start.addingTimeInterval(-300),
      notValidAfter: Installation.start.addingTimeInterval(86_400), issuer: issuer, subject: subject,
      extensions: Certificate.Extensions {
        if isAuthority { Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0)) }
        if !names.isEmpty { SubjectAlternativeNames(names) }
      }, issuerPrivateKey: .init(signer))
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return serializer.serializedBytes
  }
}
