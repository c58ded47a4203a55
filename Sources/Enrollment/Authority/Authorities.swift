import Crypto
package import SystemPackage
import X509

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A value: the authorities of a folder: one, or two while it is rotated. `open` blocks.
///
/// What the folder's files mean; a certificate without its key in the folder counts for nothing:
///
/// - one: `authority.pem` and its key. `next.key.pem` alone, or `next.pem` alone, is what a beginning or an abort leaves that was cut short.
/// - both: `next.pem` and its key, too. Can become: one, the old, when `next.key.pem` is removed; one, the new, when
///   `next.key.pem` takes the place of `authority.key.pem`, which destroys the old key in the same step.
/// - one, the new, in the old's place but for its certificate: `next.pem`, whose key is `authority.key.pem`. `Rotation` tidies it.
package struct Authorities: Sendable {
  static let nextKeyFile = "next.key.pem"
  static let nextCertificateFile = "next.pem"

  /// By whose certificates coordinators with the folder show themselves, and whose pin is in tokens.
  package let serving: Authority
  /// The one that is to take its place; nil where the folder is not being rotated.
  package let next: Authority?

  /// Who is trusted, the serving one first.
  package var trusted: [AuthorityCertificate] { [serving.certificate] + (next.map { [$0.certificate] } ?? []) }
  package var pins: [AuthorityPin] { trusted.map(\.pin) }

  /// - Throws: `notFound`, `storage`: also where no certificate has its key; `badCertificate`.
  package static func open(at path: FilePath) throws(EnrollmentError) -> Authorities {
    try open(PrivateFolder(existing: path))
  }

  /// A rotation that is finished at this moment can be met between two files: it is then looked at again.
  static func open(_ folder: PrivateFolder) throws(EnrollmentError) -> Authorities {
    for _ in 0..<3 {
      do {
        return try read(folder)
      } catch {
        guard error.code == .storage else { throw error }
      }
      usleep(20_000)
    }
    return try read(folder)
  }

  /// The files' versions, by which a change is seen without reading them.
  static func versions(_ folder: PrivateFolder) -> [FileVersion?] {
    [Authority.keyFile, Authority.certificateFile, nextKeyFile, nextCertificateFile]
      .map { FileVersion(folder.path.appending($0)) }
  }

  private static func read(_ folder: PrivateFolder) throws(EnrollmentError) -> Authorities {
    let limit = CertificateText.longestPEM
    let path = folder.path
    let key = try folder.read(Authority.keyFile, limit: limit)
    let certificate = try folder.read(Authority.certificateFile, limit: limit)
    switch (key, certificate) {
    case (nil, nil): throw EnrollmentError(.notFound, "There is no authority in \(path)")
    case (_?, nil), (nil, _?):
      throw EnrollmentError(
        .storage, "A part of an authority in \(path): its creation was cut short, or a file is lost")
    case (let key?, let certificate?):
      var found: [Authority] = []
      let keys = [key, try folder.read(nextKeyFile, limit: limit)].compactMap { $0 }.compactMap(Self.key)
      let next = try folder.read(nextCertificateFile, limit: limit)
      for text in [certificate, next].compactMap({ $0 }) {
        let certificate = try AuthorityCertificate(pem: String(decoding: text, as: UTF8.self))
        let key = keys.first { Certificate.PublicKey($0.publicKey) == certificate.certificate.publicKey }
        if let key { found.append(Authority(folder: folder, certificate: certificate, key: key)) }
      }
      guard let serving = found.first else {
        throw EnrollmentError(.storage, "The key in \(path) cannot be read or is not the certificate's")
      }
      return Authorities(serving: serving, next: found.count > 1 ? found[1] : nil)
    }
  }

  private static func key(_ text: [UInt8]) -> P256.Signing.PrivateKey? {
    try? P256.Signing.PrivateKey(pemRepresentation: String(decoding: text, as: UTF8.self))
  }
}
