import FoundationEssentials

/// What etcd holds, as this process knows it: pages of a list, then events of a watch. A value.
///
/// Rows are kept by their keys, because a deletion names only its key. Every change carries etcd's revision of it, so
/// one that comes late or twice changes nothing.
struct EtcdView: Sendable {
  /// A row with what the fence needs. A value.
  struct Held: Sendable, Hashable {
    var row: RegistryRow
    /// etcd's revision of the last write of it.
    var modRevision: Int64
    var lease: Int64
  }

  private(set) var held: [Data: Held] = [:]
  /// The same rows, kept beside so that a snapshot costs a copy and no hashing.
  private var rows: [RegistryRow.ID: RegistryRow] = [:]
  /// The list's revision, or that of the newest event since.
  private(set) var revision: Int64 = 0
  /// Rows that could not be read, since the start. Those of a later release are among them.
  private(set) var skipped: UInt64 = 0

  private let keys: EtcdKeys
  private let maxRows: Int

  init(keys: EtcdKeys, maxRows: Int) {
    self.keys = keys
    self.maxRows = maxRows
  }

  var snapshot: RegistrySnapshot {
    RegistrySnapshot(rows: rows, revision: revision, source: .etcd)
  }

  /// All pages of a list have come; everything that was known before is replaced. Throws `.full`, and changes nothing.
  mutating func listed(_ pairs: [EtcdPair], revision: Int64) throws(RegistryError) {
    var listed: [Data: Held] = [:]
    for pair in pairs {
      guard let held = read(pair) else { continue }
      listed[pair.key] = held
    }
    guard listed.count <= maxRows else { throw RegistryError(.full, "etcd holds more than \(maxRows) rows") }
    held = listed
    rows = Dictionary(listed.values.map { ($0.row.id, $0.row) }) { first, _ in first }
    self.revision = revision
  }

  /// Events of a watch, in their order. True when a row has changed. Throws `.full`.
  mutating func happened(_ events: [EtcdWatchAnswer.Event]) throws(RegistryError) -> Bool {
    var hasChanged = false
    for event in events {
      let key = event.kv.key
      let revision = event.kv.modRevision?.value ?? 0
      defer { self.revision = max(self.revision, revision) }
      if let old = held[key], old.modRevision >= revision { continue }
      // A row that cannot be read any more is no row.
      if event.type != "DELETE", let new = read(event.kv) {
        guard held[key] != nil || held.count < maxRows else {
          throw RegistryError(.full, "etcd holds more than \(maxRows) rows")
        }
        rows[new.row.id] = new.row
        hasChanged = held.updateValue(new, forKey: key)?.row != new.row || hasChanged
      } else if let old = held.removeValue(forKey: key) {
        rows[old.row.id] = nil
        hasChanged = true
      }
    }
    return hasChanged
  }

  private mutating func read(_ pair: EtcdPair) -> Held? {
    let held = Held(pair, keys: keys)
    if held == nil { skipped += 1 }
    return held
  }
}

extension EtcdView.Held {
  /// Nil where the pair is no row.
  init?(_ pair: EtcdPair, keys: EtcdKeys) {
    guard let row = try? keys.row(pair) else { return nil }
    self.init(row: row, modRevision: pair.modRevision?.value ?? 0, lease: pair.lease?.value ?? 0)
  }
}
