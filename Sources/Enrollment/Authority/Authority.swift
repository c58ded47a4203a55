import Crypto
package import FoundationEssentials
package import SystemPackage
import X509

/// A value: an authority with its private key (ECDSA P-256), as it lies in a folder of its own. `create` and `open` block.
///
/// The folder holds `authority.key.pem` and `authority.pem`, the tokens that are out (`tokens`), who was given certificates (`holders`)
/// and `revocations.jsonl`; while it is rotated another authority, too (`Authorities`).
package struct Authority: Sendable {
  /// Seconds that a certificate is valid before it was made, for clocks that are behind.
  package static let headStart = 300.0
  /// Seconds that an authority lasts: ten years.
  static let life: Int64 = 3650 * 86_400

  static let keyFile = "authority.key.pem"
  static let certificateFile = "authority.pem"

  package let certificate: AuthorityCertificate
  let folder: PrivateFolder
  let key: P256.Signing.PrivateKey

  package var pin: AuthorityPin { certificate.pin }
  package var trustDomain: TrustDomain { certificate.trustDomain }

  init(folder: PrivateFolder, certificate: AuthorityCertificate, key: P256.Signing.PrivateKey) {
    self.folder = folder
    self.certificate = certificate
    self.key = key
  }

  /// Makes an authority in a folder that holds none; what is there is never overwritten.
  ///
  /// The certificate is written last: a folder with a key and no certificate is what a creation that was cut short leaves,
  /// and is refused from then on, in words.
  ///
  /// - Throws: `alreadyExists`, `storage`, `invalidTime`.
  package static func create(
    at path: FilePath, trustDomain: TrustDomain, now: Date
  ) throws(EnrollmentError) -> Authority {
    let folder = try PrivateFolder(creating: path)
    guard !folder.exists(certificateFile), !folder.exists(keyFile) else {
      throw EnrollmentError(.alreadyExists, "There is already an authority, or a part of one, in \(path)")
    }
    let key = P256.Signing.PrivateKey()
    let certificate = try selfSigned(key, trustDomain: trustDomain, now: now)
    try folder.create(keyFile, Array((key.pemRepresentation + "\n").utf8))
    _ = try folder.folder(TokenStore.folderName)
    try folder.replace(Revocations.fileName, [])
    try folder.create(certificateFile, Array(certificate.pem.utf8))
    return Authority(folder: folder, certificate: certificate, key: key)
  }

  /// The serving one of the folder's authorities.
  ///
  /// - Throws: As `Authorities.open`.
  package static func open(at path: FilePath) throws(EnrollmentError) -> Authority {
    try Authorities.open(at: path).serving
  }

  /// Where the tokens and the revocations of this authority lie.
  package var path: FilePath { folder.path }
}
