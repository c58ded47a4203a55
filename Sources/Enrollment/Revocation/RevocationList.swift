import FoundationEssentials

/// A value: who is revoked, for two look-ups per question.
struct RevocationList: Sendable, Hashable {
  /// Lines of the file.
  static let limit = 100_000

  private(set) var entries: [RevocationEntry] = []
  private var serials: Set<String> = []
  /// The latest revocation of each identity.
  private var identities: [String: Int64] = [:]

  init() {}

  /// - Parameter file: JSON lines; empty ones are passed over.
  /// - Throws: `storage`: one bad line spoils all, since it may be the one that matters.
  init(file: [UInt8]) throws(EnrollmentError) {
    var line = 0
    for bytes in file.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      guard bytes.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\r") }) else { continue }
      try insert(RevocationEntry(json: bytes, line: line))
    }
  }

  /// - Throws: `tooMany`.
  mutating func insert(_ entry: RevocationEntry) throws(EnrollmentError) {
    guard entries.count < Self.limit else { throw EnrollmentError(.tooMany, "More than \(Self.limit) revocations") }
    entries.append(entry)
    if let serial = entry.serial { serials.insert(serial) }
    if let identity = entry.identity {
      identities[identity] = max(identities[identity] ?? .min, entry.revoked)
    }
  }

  mutating func removeExpired(before end: Int64) throws(EnrollmentError) {
    let kept = entries.filter { $0.expires >= end }
    self = RevocationList()
    for entry in kept { try insert(entry) }
  }

  func contains(_ serial: SerialNumber) -> Bool {
    serials.contains(serial.text)
  }

  /// Whether what was made for `identity` at `issued` is revoked. What is made later is not.
  func covers(_ identity: LinkIdentity, issued: Date) -> Bool {
    guard let revoked = identities[identity.uri] else { return false }
    return issued.timeIntervalSince1970 <= Double(revoked)
  }

  func covers(_ leaf: LeafCertificate) -> Bool {
    contains(leaf.serial) || covers(leaf.identity, issued: leaf.issued)
  }

  func file() throws(EnrollmentError) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries { bytes += try entry.json() }
    return bytes
  }
}
