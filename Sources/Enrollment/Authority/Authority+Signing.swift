import Crypto
package import FoundationEssentials
import X509

extension Authority {
  /// Seconds that a leaf may be asked to last: ten minutes to 397 days.
  package static let leafLives = 600.0...(397 * 86_400.0)
  /// Seconds that a leaf lasts by default.
  package static let leafLife = 86_400.0

  /// Certifies the key of `request` for `identity`. Who asks, and whether they may, is the caller's to know.
  ///
  /// - Parameter life: Seconds within `leafLives`; a leaf ends with its authority at the latest.
  /// - Throws: `invalidTime`, `notOurs` for an identity of another trust domain, `notYetValid`, `expired` for the authority.
  package func issue(
    _ identity: LinkIdentity, for request: CertificateRequest, life: Double = leafLife, now: Date
  ) throws(EnrollmentError) -> IssuedCertificate {
    IssuedCertificate(leaf: try sign(identity, request.publicKey, life: life, now: now), authority: certificate)
  }

  /// A certificate with a new key.
  ///
  /// - Throws: As `issue`.
  package func issueWithKey(
    _ identity: LinkIdentity, life: Double = leafLife, now: Date
  ) throws(EnrollmentError) -> Credentials {
    let key = P256.Signing.PrivateKey()
    let leaf = try sign(identity, .init(key.publicKey), life: life, now: now)
    return try Credentials(leaf: leaf, authority: certificate, key: key)
  }

  private func sign(
    _ identity: LinkIdentity, _ publicKey: Certificate.PublicKey, life: Double, now: Date
  ) throws(EnrollmentError) -> LeafCertificate {
    guard Self.leafLives.contains(life) else {
      throw EnrollmentError(.invalidTime, "A certificate lasts 600 to \(Int(Self.leafLives.upperBound)) s")
    }
    guard identity.trustDomain == trustDomain else {
      throw EnrollmentError(.notOurs, "\(identity) is not of the trust domain \(trustDomain)")
    }
    let issued = Instant.date(try Instant.floor(now))
    guard issued >= certificate.notBefore.addingTimeInterval(Self.headStart) else {
      throw EnrollmentError(.notYetValid, "The authority is not valid yet: is the clock wrong?")
    }
    guard issued < certificate.notAfter else { throw EnrollmentError(.expired, "The authority has expired") }
    do {
      let signed = try Certificate(
        version: .v3, serialNumber: .init(bytes: Self.newSerial()), publicKey: publicKey,
        notValidBefore: issued.addingTimeInterval(-Self.headStart),
        notValidAfter: min(issued.addingTimeInterval(life.rounded(.down)), certificate.notAfter),
        issuer: certificate.certificate.subject, subject: DistinguishedName(),
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth, .clientAuth])
          // Critical, since there is no subject: RFC 5280, section 4.2.1.6.
          Critical(
            SubjectAlternativeNames([.uniformResourceIdentifier(identity.uri), .dnsName(identity.serverName)]))
          AuthorityKeyIdentifier(
            keyIdentifier: SubjectKeyIdentifier(hash: certificate.certificate.publicKey).keyIdentifier)
        },
        issuerPrivateKey: .init(key))
      return try LeafCertificate(der: CertificateText.der(signed))
    } catch let error as EnrollmentError {
      throw error
    } catch {
      throw EnrollmentError(.badCertificate, "Cannot sign a certificate: \(error)")
    }
  }

  static func selfSigned(
    _ key: P256.Signing.PrivateKey, trustDomain: TrustDomain, now: Date
  ) throws(EnrollmentError) -> AuthorityCertificate {
    let publicKey = Certificate.PublicKey(key.publicKey)
    let pin = try AuthorityPin(of: publicKey)
    let made = try Instant.floor(now)
    do {
      // The name tells authorities apart: one that was made anew is another issuer.
      let subject = try DistinguishedName { CommonName("Scout authority \(Hex.text(pin.bytes.prefix(8)))") }
      let signed = try Certificate(
        version: .v3, serialNumber: .init(bytes: newSerial()), publicKey: publicKey,
        notValidBefore: Instant.date(made - Int64(headStart)), notValidAfter: Instant.date(made + life),
        issuer: subject, subject: subject,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectAlternativeNames([.uniformResourceIdentifier(trustDomain.uri)])
          SubjectKeyIdentifier(hash: publicKey)
        },
        issuerPrivateKey: .init(key))
      return try AuthorityCertificate(der: CertificateText.der(signed))
    } catch let error as EnrollmentError {
      throw error
    } catch {
      throw EnrollmentError(.badCertificate, "Cannot make the authority's certificate: \(error)")
    }
  }

  /// 126 random bits below a one: positive, and always of 16 bytes. Source: RFC 5280, section 4.1.2.2.
  private static func newSerial() -> [UInt8] {
    var bytes = RandomBytes.make(16)
    bytes[0] = bytes[0] & 0x7F | 0x40
    return bytes
  }
}
