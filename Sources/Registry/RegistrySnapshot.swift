/// Every row at one revision. A value.
package struct RegistrySnapshot: Sendable, Hashable {
  /// Where the rows come from.
  package enum Source: Sendable, Hashable {
    /// Nothing was read yet.
    case none
    /// What an earlier process saw last.
    case file
    case etcd
  }

  /// What became of the rows between two snapshots, each list in order. A value.
  package struct Difference: Sendable, Hashable {
    package var appeared: [RegistryRow] = []
    package var changed: [RegistryRow] = []
    package var gone: [RegistryRow.ID] = []
    package var isEmpty: Bool { appeared.isEmpty && changed.isEmpty && gone.isEmpty }
  }

  // First, because it is what tells two snapshots apart soonest.
  /// etcd's revision when all rows were listed, or of the newest change since: it can differ between coordinators that
  /// have the same rows.
  package var revision: Int64
  package var rows: [RegistryRow.ID: RegistryRow]
  package var source: Source

  package init(rows: [RegistryRow.ID: RegistryRow] = [:], revision: Int64 = 0, source: Source = .none) {
    self.rows = rows
    self.revision = revision
    self.source = source
  }

  /// What a holder of `earlier` has to do to have these rows.
  package func difference(from earlier: RegistrySnapshot) -> Difference {
    var difference = Difference()
    for (id, row) in rows {
      if let old = earlier.rows[id] {
        if old != row { difference.changed.append(row) }
      } else {
        difference.appeared.append(row)
      }
    }
    difference.gone = earlier.rows.keys.filter { rows[$0] == nil }.sorted()
    difference.appeared.sort { $0.id < $1.id }
    difference.changed.sort { $0.id < $1.id }
    return difference
  }
}
