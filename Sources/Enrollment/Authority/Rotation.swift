import Crypto
package import FoundationEssentials
package import SystemPackage

/// A value: changes the authorities of a folder: `begin` puts a new one beside the old, `finish` leaves the new one alone, `abort` the old.
/// Blocks. Any process may call it, once at a time: the folder's lock is held.
///
/// The step that decides is one change of one name (`Authorities` says which), so a crash leaves the state before or the one after; what
/// it leaves lying is tidied by the next call.
package struct Rotation: Sendable {
  /// Seconds that two authorities are trusted at least. Agents and coordinators that run ask twice a minute, so that then all are known,
  /// also those whom an earlier version gave their certificates.
  static let shortest = 60.0

  private let folder: PrivateFolder
  private let revocations: Revocations
  private let holders: Holders
  private let tokens: TokenStore

  /// - Throws: As `Authorities.open`.
  package init(at path: FilePath) throws(EnrollmentError) {
    folder = try PrivateFolder(existing: path)
    tokens = try TokenStore(Authorities.open(folder).serving)
    revocations = try Revocations(folder)
    holders = try Holders(folder)
  }

  /// Makes an authority beside the one that there is.
  ///
  /// - Throws: `alreadyExists` where that was done already; `storage`, `busy`, `invalidTime`.
  package func begin(now: Date) throws(EnrollmentError) -> Authorities {
    let lock = try FolderLock(folder)
    defer { lock.release() }
    let serving = try tidied()
    guard serving.next == nil else {
      throw EnrollmentError(
        .alreadyExists,
        "The authority in \(folder.path) is being rotated already: `scout pki show` says who has not moved; end it with --finish or --abort"
      )
    }
    let key = P256.Signing.PrivateKey()
    let certificate = try Authority.selfSigned(key, trustDomain: serving.serving.trustDomain, now: now)
    try folder.replace(Authorities.nextKeyFile, Array((key.pemRepresentation + "\n").utf8))
    try folder.replace(Authorities.nextCertificateFile, Array(certificate.pem.utf8))
    return try Authorities.open(folder)
  }

  /// Retires the old authority: from here on its certificates and the tokens with its pin are worth nothing, and its key is gone.
  ///
  /// - Parameter force: also while somebody needs it.
  /// - Returns: Whom that throws out, in words; nobody unless forced.
  /// - Throws: `stillNeeded`, naming who needs it; `notFound` where nothing is being rotated; `storage`, `busy`.
  package func finish(force: Bool, now: Date) throws(EnrollmentError) -> [String] {
    let lock = try FolderLock(folder)
    defer { lock.release() }
    let wasCutShort = isFinishCutShort
    let authorities = try tidied()
    guard let next = authorities.next else {
      if wasCutShort { return [] }
      throw Self.none(folder)
    }
    let left = try needing(authorities.serving, now: now)
    guard force || left.isEmpty else {
      throw EnrollmentError(
        .stillNeeded,
        "The old authority \(authorities.serving.pin) is still needed by \(Self.list(left)). Wait, see `scout pki show`; revoke who will not come back; or throw them out with --force"
      )
    }
    if !force, try holders.isEmpty() {
      throw EnrollmentError(
        .stillNeeded,
        "Nobody was seen with a certificate since the rotation began: does a coordinator of this version run with \(folder.path)? If there are no agents, --force"
      )
    }
    guard force || now >= next.certificate.made.addingTimeInterval(Self.shortest) else {
      throw EnrollmentError(
        .stillNeeded,
        "The rotation began less than \(Int(Self.shortest)) s ago: not all may have been seen yet, so wait")
    }
    for record in try tokens.outstanding(now: now) { try tokens.withdraw(record) }
    try folder.replace(Authority.keyFile, by: Authorities.nextKeyFile)
    guard try tidied().serving.pin == next.pin else {
      throw EnrollmentError(.storage, "The files in \(folder.path) are not what this rotation made")
    }
    return left
  }

  /// Takes the new authority back.
  ///
  /// - Parameter force: also while somebody has a certificate of it.
  /// - Returns: Whom that throws out, in words; nobody unless forced.
  /// - Throws: As `finish`.
  package func abort(force: Bool, now: Date) throws(EnrollmentError) -> [String] {
    let lock = try FolderLock(folder)
    defer { lock.release() }
    guard let next = try tidied().next else { throw Self.none(folder) }
    let left = try needing(next, isServing: false, now: now)
    guard force || left.isEmpty else {
      throw EnrollmentError(
        .stillNeeded,
        "The new authority \(next.pin) is already needed by \(Self.list(left)): finish, or throw them out with --force")
    }
    try folder.remove(Authorities.nextKeyFile)
    try folder.synchronize()
    _ = try tidied()
    return left
  }

  /// Who has a certificate of this authority and no later one of another, and which tokens carry its pin.
  private func needing(_ authority: Authority, isServing: Bool = true, now: Date) throws(EnrollmentError) -> [String] {
    let behind = try holders.inForce(revocations, now: now).filter { $0.authority == authority.pin }
      .map { "\($0.identity) (until \($0.expires))" }
    guard isServing else { return behind }
    return behind
      + (try tokens.outstanding(now: now)).map { "the token \($0.id) for \($0.identity) (until \($0.expires))" }
  }

  /// With the lock held: ends what was cut short.
  private func tidied() throws(EnrollmentError) -> Authorities {
    if isFinishCutShort { try folder.replace(Authority.certificateFile, by: Authorities.nextCertificateFile) }
    let authorities = try Authorities.open(folder)
    if authorities.next == nil {
      try folder.remove(Authorities.nextKeyFile)
      try folder.remove(Authorities.nextCertificateFile)
      try folder.synchronize()
    }
    return authorities
  }

  /// The key of `next.pem` is where the old one's was.
  private var isFinishCutShort: Bool {
    guard folder.exists(Authorities.nextCertificateFile), !folder.exists(Authorities.nextKeyFile),
      let serving = try? Authorities.open(folder).serving.certificate,
      let text = try? folder.read(Authorities.nextCertificateFile, limit: CertificateText.longestPEM)
    else { return false }
    return String(decoding: text, as: UTF8.self) == serving.pem
  }

  private static func list(_ names: [String], limit: Int = 20) -> String {
    names.prefix(limit).joined(separator: ", ") + (names.count > limit ? " and \(names.count - limit) others" : "")
  }

  private static func none(_ folder: PrivateFolder) -> EnrollmentError {
    EnrollmentError(
      .notFound, "The authority in \(folder.path) is not being rotated: begin with `scout pki rotate`")
  }
}
