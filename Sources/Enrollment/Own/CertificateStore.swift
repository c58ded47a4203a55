import Crypto
package import FoundationEssentials
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
  static let trustFile = "trusted-since"

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
  /// - Parameter trusting: nil: whom this side trusts already, where the certificate's authority is among them; else that one alone.
  /// - Throws: `storage`, `busy`; what was in use before still is.
  @discardableResult
  package func install(
    _ credentials: Credentials, trusting: [AuthorityCertificate]? = nil
  ) throws(EnrollmentError) -> StoredCertificate {
    let folder = try PrivateFolder(creating: path)
    let lock = try FolderLock(folder)
    defer { lock.release() }
    var trust = (authorities: trusting ?? [credentials.authority], made: Int64.min)
    if trusting == nil, let stored = (try? load()) ?? nil, stored.trusted.contains(credentials.authority) {
      trust = (stored.trusted, stored.trustMade)
    }
    return try install(credentials.keyPEM, credentials.chainPEM, trust.authorities, made: trust.made, in: folder)
  }

  /// Trusts whom the authorities say, beside the certificate in use.
  ///
  /// - Returns: Whether these are others than before.
  /// - Throws: `notOurs`, `badAnswer`: also where the own certificate would be of none of them, or the statement is older than the one
  ///   that is known; `notFound` without a certificate; `storage`, `busy`. What was in use before still is.
  @discardableResult
  package func trust(_ signed: SignedAuthorities, now: Date) throws(EnrollmentError) -> Bool {
    let folder = try PrivateFolder(existing: path)
    let lock = try FolderLock(folder)
    defer { lock.release() }
    guard let stored = try load() else { throw EnrollmentError(.notFound, "There is no certificate in \(path)") }
    let (made, authorities) = try signed.read(by: stored.trusted)
    guard Set(authorities) != Set(stored.trusted) else { return false }
    // One that comes from the future was made by a clock that was wrong: it must not keep the next ones out.
    guard made > stored.trustMade || Double(stored.trustMade) > now.timeIntervalSince1970 + Authority.headStart else {
      throw EnrollmentError(
        .badAnswer, "Who is to be trusted was said before what is known: it is held back, or a clock is wrong")
    }
    guard authorities.contains(stored.authority) else {
      throw EnrollmentError(
        .badAnswer, "The authority of the certificate of \(stored.identity) is retired: it has to be renewed first")
    }
    guard
      let key = try PrivateFolder(existing: FilePath(stored.keyFile).removingLastComponent())
        .read(Self.keyFile, limit: CertificateText.longestPEM)
    else { throw EnrollmentError(.storage, "There is no file \(stored.keyFile)") }
    try install(
      String(decoding: key, as: UTF8.self), stored.leaf.pem + stored.authority.pem, authorities, made: made, in: folder)
    return true
  }

  /// With the lock held.
  @discardableResult
  private func install(
    _ key: String, _ chain: String, _ trusted: [AuthorityCertificate], made: Int64, in folder: PrivateFolder
  ) throws(EnrollmentError) -> StoredCertificate {
    // A link that points nowhere, or elsewhere, is replaced: who installs has good credentials in hand.
    let previous = try? current(folder)
    let name = Self.generationPrefix + Hex.text(RandomBytes.make(8))
    let generation = try folder.folder(name)
    try generation.create(Self.keyFile, Array(key.utf8))
    try generation.create(Self.chainFile, Array(chain.utf8))
    try generation.create(Self.authorityFile, Array(trusted.map(\.pem).joined().utf8))
    if made > .min { try generation.create(Self.trustFile, Array("\(made)\n".utf8)) }
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
    let trusted = try AuthorityCertificate.bundle(pem: text(generation, Self.authorityFile))
    let made = try generation.read(Self.trustFile, limit: 64).map { String(decoding: $0, as: UTF8.self) }
    let blocks = try CertificateText.blocks(chain, Certificate.defaultPEMDiscriminator, .badCertificate)
    let leaf = try LeafCertificate(der: blocks[0])
    let authority = try trusted.check(leaf, now: leaf.issued)
    guard
      let key = try? P256.Signing.PrivateKey(pemRepresentation: text(generation, Self.keyFile)),
      Certificate.PublicKey(key.publicKey) == leaf.certificate.publicKey
    else {
      throw EnrollmentError(.storage, "The key in \(generation.path) cannot be read or is not the certificate's")
    }
    return StoredCertificate(
      leaf: leaf, authority: authority, trusted: trusted,
      trustMade: made.flatMap { Int64($0.split(whereSeparator: \.isWhitespace).first ?? "") } ?? .min,
      keyFile: generation.path.appending(Self.keyFile).string,
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
