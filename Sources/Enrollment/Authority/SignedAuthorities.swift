import Crypto
import FoundationEssentials
import X509

/// A value: whom to trust, signed by each of those who are in force. Whoever brings it can hold it back, and change nothing in it.
///
/// The text is a line `{"made":SECONDS}`, then the authorities' certificates in PEM.
package struct SignedAuthorities: Sendable, Hashable {
  private static let context = Array("scout authorities 1\0".utf8)

  package let text: [UInt8]
  /// ECDSA with SHA-256 over a context and the text, in DER; one of a trusted authority is enough.
  package let signatures: [[UInt8]]

  private struct Head: Codable {
    /// Seconds since 1970.
    var made: Int64
  }

  package init(text: [UInt8], signatures: [[UInt8]]) {
    self.text = text
    self.signatures = signatures
  }

  /// - Throws: `storage`, `invalidTime`.
  init(_ authorities: Authorities, now: Date) throws(EnrollmentError) {
    let made = try Instant.floor(now)
    text = Array(("{\"made\":\(made)}\n" + authorities.trusted.map(\.pem).joined()).utf8)
    var signatures: [[UInt8]] = []
    for authority in [authorities.serving, authorities.next].compactMap({ $0 }) {
      do {
        signatures.append(
          Array(try authority.key.signature(for: Data(Self.context + text)).derRepresentation))
      } catch {
        throw EnrollmentError(.storage, "Authorities cannot be signed: \(error)")
      }
    }
    self.signatures = signatures
  }

  /// When it was made, and what it says; nothing of it is read before a signature was checked.
  ///
  /// - Throws: `notOurs`, `badAnswer`.
  func read(
    by trusted: [AuthorityCertificate]
  ) throws(EnrollmentError) -> (made: Int64, authorities: [AuthorityCertificate]) {
    let signed = Data(Self.context + text)
    guard text.count <= CertificateText.longestPEM, signatures.count <= CertificateText.longestChain,
      trusted.contains(where: { authority in
        guard let key = P256.Signing.PublicKey(authority.certificate.publicKey) else { return false }
        return signatures.contains { bytes in
          (try? P256.Signing.ECDSASignature(derRepresentation: bytes)).map { key.isValidSignature($0, for: signed) }
            ?? false
        }
      })
    else { throw EnrollmentError(.notOurs, "The authorities are not signed by one that is trusted") }
    guard let end = text.firstIndex(of: UInt8(ascii: "\n")),
      let head = try? JSONDecoder().decode(Head.self, from: Data(text[..<end]))
    else { throw EnrollmentError(.badAnswer, "The authorities do not say when they were made") }
    let pem = String(decoding: text[(end + 1)...], as: UTF8.self)
    return (head.made, try AuthorityCertificate.bundle(pem: pem))
  }
}

extension AuthorityCertificate {
  /// Several in one text.
  ///
  /// - Throws: `badCertificate`.
  static func bundle(pem: String) throws(EnrollmentError) -> [AuthorityCertificate] {
    var authorities: [AuthorityCertificate] = []
    for der in try CertificateText.blocks(pem, Certificate.defaultPEMDiscriminator, .badCertificate) {
      authorities.append(try AuthorityCertificate(der: der))
    }
    return authorities
  }
}
