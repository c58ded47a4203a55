import FoundationEssentials

/// What this process wants to stand in etcd, and what it knows of those keys. A value.
///
/// `nextBatch` says what to write; the driver does it in one transaction and reports by `succeeded` or `refused`. A batch that etcd
/// refused brings what stands there instead, and the next batch is decided by that.
struct Publications: Sendable {
  /// One change of a batch. A value.
  enum Change: Sendable, Hashable {
    case put(RegistryRow, over: Int64)
    /// Only where it stands under our lease.
    case delete
  }

  /// What a transaction saw under a key. A value.
  private struct Seen: Sendable {
    var held: EtcdView.Held?
    var revision: Int64
  }

  /// etcd takes 128 operations in a transaction (`--max-txn-ops`).
  static let batchLimit = 64

  private(set) var wanted: [Data: RegistryRow] = [:]
  private var withdrawn: Set<Data> = []
  private var seen: [Data: Seen] = [:]
  private let maxRows: Int

  init(maxRows: Int) {
    self.maxRows = maxRows
  }

  var isEmpty: Bool { wanted.isEmpty && withdrawn.isEmpty }

  mutating func published(_ row: RegistryRow, key: Data) throws(RegistryError) {
    guard wanted[key] != nil || wanted.count < maxRows else {
      throw RegistryError(.full, "more than \(maxRows) rows are published")
    }
    wanted[key] = row
    withdrawn.remove(key)
  }

  mutating func withdrew(_ key: Data) {
    guard wanted.removeValue(forKey: key) != nil else { return }
    seen[key] = nil
    // Beyond the bound, the lease's end removes it.
    if withdrawn.count < maxRows { withdrawn.insert(key) }
  }

  /// The changes to ask etcd for next, in one transaction, by key; empty when all is as it should be.
  func nextBatch(_ view: EtcdView, lease: Int64) -> [(key: Data, change: Change)] {
    var batch: [(key: Data, change: Change)] = []
    for key in withdrawn {
      guard batch.count < Self.batchLimit else { return batch }
      batch.append((key, .delete))
    }
    for (key, row) in wanted {
      guard batch.count < Self.batchLimit else { return batch }
      if case .write(let over) = WriteDecision(row, over: standing(key, view), lease: lease) {
        batch.append((key, .put(row, over: over)))
      }
    }
    return batch
  }

  /// The whole batch was done, at `revision`.
  mutating func succeeded(_ batch: [(key: Data, change: Change)], revision: Int64, lease: Int64) {
    for (key, change) in batch {
      switch change {
      case .put(let row, _):
        guard wanted[key] != nil else { continue }
        seen[key] = Seen(
          held: EtcdView.Held(row: row, modRevision: revision, lease: lease), revision: revision)
      case .delete:
        withdrawn.remove(key)
      }
    }
  }

  /// Nothing of the batch was done: at `revision`, `standing` is what its keys hold, nil where that cannot be read.
  ///
  /// What cannot be read may be a later release's: it counts as newer than anything, and is left alone.
  mutating func refused(
    _ batch: [(key: Data, change: Change)], standing: [Data: EtcdView.Held?], revision: Int64, lease: Int64
  ) {
    for (key, change) in batch {
      switch change {
      case .put(var row, _):
        guard wanted[key] != nil else { continue }
        row.generation = .max
        let unreadable = EtcdView.Held(row: row, modRevision: 0, lease: 0)
        seen[key] = Seen(held: standing[key].map { $0 ?? unreadable }, revision: revision)
      case .delete:
        if standing[key]??.lease != lease { withdrawn.remove(key) }
      }
    }
  }

  /// A list or events have come: what they are newer than is forgotten.
  mutating func viewChanged(revision: Int64) {
    seen = seen.filter { $0.value.revision > revision }
  }

  /// A list replaced everything: etcd may be another one, with lower revisions.
  mutating func viewReplaced() {
    seen = [:]
  }

  func publication(_ key: Data, _ view: EtcdView, lease: Int64?) -> Publication? {
    guard let row = wanted[key] else { return nil }
    guard let lease else { return .waiting }
    return switch WriteDecision(row, over: standing(key, view), lease: lease) {
    case .write: .waiting
    case .stored: .stored
    case .leave: .vouchedFor
    case .superseded(let generation): .superseded(by: generation)
    }
  }

  private func standing(_ key: Data, _ view: EtcdView) -> EtcdView.Held? {
    if let seen = seen[key], seen.revision > view.revision { return seen.held }
    return view.held[key]
  }
}
