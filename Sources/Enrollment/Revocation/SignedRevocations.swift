import Crypto
package import FoundationEssentials
import X509

/// A value: who is revoked, signed by the authority, for those who do not have its folder. Whoever brings it can hold it back, and
/// change nothing in it.
///
/// The text is a line `{"made":SECONDS}`, then the revocations as in the authority's file.
package struct SignedRevocations: Sendable, Hashable {
  /// Bytes of the text at most, about 25,000 revocations: it has to fit into one message.
  static let longestText = 3 << 20
  private static let context = Array("scout revocations 1\0".utf8)

  package let text: [UInt8]
  /// ECDSA with SHA-256 over a context and the text, in DER.
  package let signature: [UInt8]

  private struct Head: Codable {
    /// Seconds since 1970.
    var made: Int64
  }

  package init(text: [UInt8], signature: [UInt8]) {
    self.text = text
    self.signature = signature
  }

  /// - Throws: `tooMany`, `storage`, `invalidTime`.
  init(_ list: RevocationList, by authority: Authority, now: Date) throws(EnrollmentError) {
    let made = try Instant.floor(now)
    text = Array("{\"made\":\(made)}\n".utf8) + (try list.file())
    guard text.count <= Self.longestText else {
      throw EnrollmentError(.tooMany, "\(list.entries.count) revocations are too many to be sent")
    }
    do {
      signature = Array(try authority.key.signature(for: Data(Self.context + text)).derRepresentation)
    } catch {
      throw EnrollmentError(.storage, "Revocations cannot be signed: \(error)")
    }
  }

  /// When it was made, and what it says; nothing of it is read before its signature was checked.
  ///
  /// - Throws: `notOurs`, `badAnswer`.
  func read(
    by authorities: [AuthorityCertificate]
  ) throws(EnrollmentError) -> (made: Int64, list: RevocationList, signer: AuthorityCertificate) {
    guard text.count <= Self.longestText,
      let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature),
      let signer = authorities.first(where: {
        P256.Signing.PublicKey($0.certificate.publicKey)?
          .isValidSignature(signature, for: Data(Self.context + text)) ?? false
      })
    else { throw EnrollmentError(.notOurs, "The revocations are not signed by this authority") }
    guard let end = text.firstIndex(of: UInt8(ascii: "\n")),
      let head = try? JSONDecoder().decode(Head.self, from: Data(text[..<end]))
    else { throw EnrollmentError(.badAnswer, "The revocations do not say when they were made") }
    do {
      return (head.made, try RevocationList(file: Array(text[(end + 1)...])), signer)
    } catch {
      throw EnrollmentError(.badAnswer, error.message)
    }
  }
}

extension RevocationList {
  /// SHA-256 of the file, by which two lists are compared from afar.
  func digest() throws(EnrollmentError) -> [UInt8] {
    Array(SHA256.hash(data: Data(try file())))
  }
}

extension EnrollmentExchange {
  /// Who is revoked, for somebody who has a list with this digest; nil where that one is the same.
  ///
  /// - Throws: `tooMany`, `storage`, `invalidTime`.
  package func signedRevocations(
    beyond digest: [UInt8], now: Date
  ) throws(EnrollmentError) -> SignedRevocations? {
    try revocations.reloadIfChanged()
    let list = revocations.list
    guard try list.digest() != digest else { return nil }
    return try SignedRevocations(list, by: authority, now: now)
  }
}
