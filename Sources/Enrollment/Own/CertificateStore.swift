import Crypto
package import SystemPackage
import X509

/// A value: the folder with this side's own certificate and key. Blocks.
///
/// Each renewal is a folder of its own, whole before the link `current` points to it in one step: a reader, and whoever starts
/// after a crash, finds the old generation or the new one. The one before stays, for those who just read its paths.
package struct CertificateStore: Sendable {
  static let currentLink = "current"
  static let generationPrefix = "generation-"
  static let keyFile = "key.pem"
  static let chainFile = "chain.pem"
  static let authorityFile = "authority.pem"

  let path: FilePath

  package init(_ path: FilePath) {
    self.path = path
  }

  /// The files of whichever generation is in use when they are opened. Two of them can be of different ones, in the moment of a
  /// renewal: whoever needs them to fit takes `load()`'s, or tries again.
  package var currentFiles: (authority: String, chain: String, key: String) {
    let current = path.appending(Self.currentLink)
    return (
      current.appending(Self.authorityFile).string, current.appending(Self.chainFile).string,
      current.appending(Self.keyFile).string
    )
  }

  /// - Returns: Nil where nothing was ever installed.
  /// - Throws: `storage`, `badCertificate`, `notOurs`: what lies there cannot be used. An expired certificate is returned.
  package func load() throws(EnrollmentError) -> StoredCertificate? {
    let folder: PrivateFolder
    do {
      folder = try PrivateFolder(existing: path)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
    guard let name = try current(folder) else { return nil }
    return try load(PrivateFolder(existing: path.appending(name)))
  }

  /// Makes the folder where it is missing, so that what would keep `install` from its work is known before there is anything to lose.
  ///
  /// - Throws: `storage`, `busy`.
  package func prepare() throws(EnrollmentError) {
    try FolderLock(PrivateFolder(creating: path)).release()
  }

  /// Makes `credentials` the ones in use.
  ///
  /// - Throws: `storage`, `busy`; what was in use before still is.
  @discardableResult
  package func install(_ credentials: Credentials) throws(EnrollmentError) -> StoredCertificate {
    let folder = try PrivateFolder(creating: path)
    let lock = try FolderLock(folder)
    defer { lock.release() }
    // A link that points nowhere, or elsewhere, is replaced: who installs has good credentials in hand.
    let previous = try? current(folder)
    let name = Self.generationPrefix + Hex.text(RandomBytes.make(8))
    let generation = try folder.folder(name)
    try generation.create(Self.keyFile, Array(credentials.keyPEM.utf8))
    try generation.create(Self.chainFile, Array(credentials.chainPEM.utf8))
    try generation.create(Self.authorityFile, Array(credentials.authority.pem.utf8))
    let stored = try load(generation)
    try folder.link(Self.currentLink, to: name)
    sweep(folder, keeping: [name, previous ?? name])
    return stored
  }

  /// Generations that nobody uses any more, and those that were cut short. What cannot be removed is left for the next time.
  private func sweep(_ folder: PrivateFolder, keeping kept: Set<String>) {
    guard let names = try? folder.names() else { return }
    for name in names where !kept.contains(name) {
      if name.hasPrefix(Self.generationPrefix) { try? folder.removeFolder(name) }
      if name.hasPrefix(PrivateFolder.unfinished) { try? folder.remove(name) }
    }
  }

  private func current(_ folder: PrivateFolder) throws(EnrollmentError) -> String? {
    guard let name = try folder.target(Self.currentLink) else { return nil }
    guard
      name.hasPrefix(Self.generationPrefix),
      Hex.bytes(String(name.dropFirst(Self.generationPrefix.count)), count: 8) != nil
    else { throw EnrollmentError(.storage, "The link \(Self.currentLink) in \(path) points elsewhere") }
    return name
  }

  private func load(_ generation: PrivateFolder) throws(EnrollmentError) -> StoredCertificate {
    let chain = try text(generation, Self.chainFile)
    let authority = try AuthorityCertificate(pem: text(generation, Self.authorityFile))
    let blocks = try CertificateText.blocks(chain, Certificate.defaultPEMDiscriminator, .badCertificate)
    let leaf = try LeafCertificate(der: blocks[0])
    try authority.check(leaf, now: leaf.issued)
    guard
      let key = try? P256.Signing.PrivateKey(pemRepresentation: text(generation, Self.keyFile)),
      Certificate.PublicKey(key.publicKey) == leaf.certificate.publicKey
    else {
      throw EnrollmentError(.storage, "The key in \(generation.path) cannot be read or is not the certificate's")
    }
    return StoredCertificate(
      leaf: leaf, authority: authority, keyFile: generation.path.appending(Self.keyFile).string,
      chainFile: generation.path.appending(Self.chainFile).string,
      authorityFile: generation.path.appending(Self.authorityFile).string)
  }

  private func text(_ generation: PrivateFolder, _ name: String) throws(EnrollmentError) -> String {
    guard let bytes = try generation.read(name, limit: CertificateText.longestPEM) else {
      throw EnrollmentError(.storage, "There is no file \(name) in \(generation.path)")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
