package import FoundationEssentials
import SystemPackage

/// A value: the folder that says who was given which certificate last, a file for each identity. Any number of processes may work on it
/// at once. Blocks.
///
/// Whom a version without this folder gave certificates is not in it until they renew, or ask who is revoked.
package struct Holders: Sendable {
  static let folderName = "holders"
  private static let suffix = ".json"
  /// Seconds that a record stays after its certificate has expired.
  private static let memory: Int64 = 86_400

  private let folder: PrivateFolder

  /// - Parameter authority: its folder.
  init(_ authority: PrivateFolder) throws(EnrollmentError) {
    folder = try authority.folder(Self.folderName)
  }

  /// Nil where there is none, or none that can be read.
  package func record(_ identity: LinkIdentity) -> HolderRecord? { (try? record(Self.file(identity))) ?? nil }

  /// Keeps the record, unless it is there as it is.
  ///
  /// - Throws: `storage`.
  func note(_ record: HolderRecord) throws(EnrollmentError) {
    guard self.record(record.identity) != record else { return }
    try folder.replace(Self.file(record.identity), record.json())
  }

  /// Nobody was ever given a certificate, or seen with one.
  ///
  /// - Throws: `storage`.
  func isEmpty() throws(EnrollmentError) -> Bool { try names().isEmpty }

  /// Those whose certificates are in force and not revoked, sorted.
  ///
  /// - Parameters:
  ///   - role: nil: either.
  ///   - revocations: as they were read last.
  /// - Throws: `storage`: also for a record that cannot be read, since it may be the one that matters.
  package func inForce(
    _ revocations: Revocations, role: LinkIdentity.Role? = nil, now: Date
  ) throws(EnrollmentError) -> [HolderRecord] {
    var records: [HolderRecord] = []
    let list = revocations.list
    for name in try names() where role == nil || name.contains(".\(role?.rawValue ?? "").") {
      guard let record = try record(name), record.expires > now, role == nil || record.identity.role == role,
        !list.contains(record.serial), !list.covers(record.identity, issued: record.issued)
      else { continue }
      records.append(record)
    }
    return records.sorted { $0.identity.uri < $1.identity.uri }
  }

  /// Forgets those whose certificates expired a day ago; to be called every hour or so.
  func sweep(now: Date) throws(EnrollmentError) {
    let end = Instant.date(try Instant.floor(now) - Self.memory)
    for name in try names() {
      if let record = try? record(name), record.expires < end { try folder.remove(name) }
    }
  }

  private func names() throws(EnrollmentError) -> [String] {
    try folder.names().filter { $0.hasSuffix(Self.suffix) }
  }

  private func record(_ name: String) throws(EnrollmentError) -> HolderRecord? {
    guard let json = try folder.read(name, limit: 16_384) else { return nil }
    do {
      return try HolderRecord(json: json)
    } catch {
      throw EnrollmentError(error.code, "\(folder.path.appending(name)): \(error.message)")
    }
  }

  /// The trust domain is one, so the name says all.
  private static func file(_ identity: LinkIdentity) -> String { identity.serverName + suffix }
}
