package import FoundationEssentials
import Synchronization
import SystemPackage

/// Who is thrown out, by a file of JSON lines that any process may add to. Sendable: state behind a lock. All but
/// `isRevoked` block.
package final class Revocations: Sendable {
  static let fileName = "revocations.jsonl"
  /// Seconds after its last certificate has expired that a line stays, for clocks that are behind.
  static let memory: Int64 = 86_400

  private struct State {
    var list: RevocationList
    var version: FileVersion?
    var changes = 0

    mutating func use(_ list: RevocationList, _ version: FileVersion?) {
      if self.list != list { changes += 1 }
      self.list = list
      self.version = version
    }
  }

  private let folder: PrivateFolder
  /// Held from the reading of the file until what it said is in force: an older reading never replaces a later one.
  private let reading = Mutex(())
  private let state: Mutex<State>

  /// - Throws: `storage`, also where there is no file: then nobody knows who was thrown out.
  init(_ folder: PrivateFolder) throws(EnrollmentError) {
    self.folder = folder
    let (list, version) = try Self.read(folder)
    state = Mutex(State(list: list, version: version))
  }

  /// How often the list has become another one, whoever read it or wrote it: what was allowed before has to be looked at again.
  package var changes: Int { state.withLock { $0.changes } }

  /// As it was read last.
  var list: RevocationList { state.withLock { $0.list } }

  /// Two look-ups, for each handshake.
  package func isRevoked(_ leaf: LeafCertificate) -> Bool {
    state.withLock { $0.list.covers(leaf) }
  }

  /// Whether what was made for `identity` at `issued` is worth nothing: a token, or a certificate about to be signed.
  func covers(_ identity: LinkIdentity, issued: Date) -> Bool {
    state.withLock { $0.list.covers(identity, issued: issued) }
  }

  /// Throws out all certificates that `identity` was given until `now`. A new token, made a second later, lets it in again.
  /// Tokens made before are worth nothing from here on.
  ///
  /// - Throws: `storage`, `busy`, `tooMany`, `invalidTime`.
  package func revoke(_ identity: LinkIdentity, now: Date) throws(EnrollmentError) {
    let revoked = try Instant.ceiling(now)
    try add(
      RevocationEntry(
        identity: identity, revoked: revoked, expires: revoked + Int64(Authority.leafLives.upperBound)))
  }

  /// Throws out one certificate. Its holder may have renewed it meanwhile: against a holder, revoke the identity.
  ///
  /// - Parameter expires: The certificate's `notAfter`, where it is known.
  /// - Throws: `storage`, `busy`, `tooMany`, `invalidTime`.
  package func revoke(_ serial: SerialNumber, expires: Date? = nil, now: Date) throws(EnrollmentError) {
    let revoked = try Instant.ceiling(now)
    let last = revoked + Int64(Authority.leafLives.upperBound)
    let end: Int64
    if let expires { end = min(last, try Instant.ceiling(expires)) } else { end = last }
    try add(RevocationEntry(serial: serial, revoked: revoked, expires: end))
  }

  /// Looks whether another process changed the file.
  ///
  /// - Returns: True where this look found others revoked than were known. Who has to learn of each change watches `changes`: a look
  ///   by somebody else may have found it.
  /// - Throws: `storage` where the file has gone or cannot be read; what was known stays in force.
  @discardableResult
  package func reloadIfChanged() throws(EnrollmentError) -> Bool {
    guard let version = FileVersion(folder.path.appending(Self.fileName)) else { throw Self.missing(folder) }
    guard version != state.withLock({ $0.version }) else { return false }
    return try reading.withLock { _ throws(EnrollmentError) -> Bool in
      let (list, version) = try Self.read(folder)
      return state.withLock { state in
        defer { state.use(list, version) }
        return state.list != list
      }
    }
  }

  /// Forgets what is about certificates that have long expired; to be called every hour or so.
  ///
  /// - Returns: How many lines were forgotten.
  @discardableResult
  package func sweep(now: Date) throws(EnrollmentError) -> Int {
    let end = try Instant.floor(now) - Self.memory
    let lock = try FolderLock(folder)
    defer { lock.release() }
    return try reading.withLock { _ throws(EnrollmentError) -> Int in
      var (list, version) = try Self.read(folder)
      let before = list.entries.count
      try list.removeExpired(before: end)
      if list.entries.count < before { version = try write(list) }
      state.withLock { [list, version] in $0.use(list, version) }
      return before - list.entries.count
    }
  }

  private func add(_ entry: RevocationEntry) throws(EnrollmentError) {
    let lock = try FolderLock(folder)
    defer { lock.release() }
    try reading.withLock { _ throws(EnrollmentError) in
      var (list, _) = try Self.read(folder)
      try list.insert(entry)
      let version = try write(list)
      state.withLock { [list] in $0.use(list, version) }
    }
  }

  /// With the lock held.
  private func write(_ list: RevocationList) throws(EnrollmentError) -> FileVersion? {
    try folder.replace(Self.fileName, list.file())
    return FileVersion(folder.path.appending(Self.fileName))
  }

  /// The version is taken first: a change in between is seen at the next look.
  private static func read(_ folder: PrivateFolder) throws(EnrollmentError) -> (RevocationList, FileVersion?) {
    let version = FileVersion(folder.path.appending(fileName))
    guard let file = try folder.read(fileName) else { throw missing(folder) }
    return (try RevocationList(file: file), version)
  }

  private static func missing(_ folder: PrivateFolder) -> EnrollmentError {
    EnrollmentError(
      .storage, "There is no file \(folder.path.appending(fileName)): nobody knows who is revoked; an empty one will do"
    )
  }
}
