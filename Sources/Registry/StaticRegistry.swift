import Synchronization

/// The registry of one coordinator: rows of its settings, and what this process itself publishes. Sendable: state
/// behind a lock.
///
/// Always synced, since nobody else writes. The fence holds here too: an older generation does not replace a newer one.
package final class StaticRegistry: Registry {
  private struct State {
    let settings: [RegistryRow.ID: RegistryRow]
    var published: [RegistryRow.ID: RegistryRow] = [:]
    var revision: Int64 = 0

    var snapshot: RegistrySnapshot {
      RegistrySnapshot(rows: published, revision: revision, source: .settings)
        .merging(RegistrySnapshot(rows: settings))
    }
  }

  package static let maxRows = 16_384

  private let state: Mutex<State>
  private let hub: SnapshotHub

  /// Throws `.invalid` for a row that is out of bounds or that comes twice, `.full` for too many.
  package init(_ rows: [RegistryRow] = []) throws(RegistryError) {
    guard rows.count <= Self.maxRows else { throw RegistryError(.full, "more than \(Self.maxRows) rows") }
    var settings: [RegistryRow.ID: RegistryRow] = [:]
    for row in rows {
      try row.validate()
      guard settings.updateValue(row, forKey: row.id) == nil else {
        throw RegistryError(.invalid, "agent `\(row.id.agent)` of segment `\(row.id.segment)` stands there twice")
      }
    }
    let state = State(settings: settings)
    hub = SnapshotHub(state.snapshot)
    self.state = Mutex(state)
  }

  package var snapshot: RegistrySnapshot { hub.snapshot }
  package var standing: RegistryStanding { .synced }

  package func snapshots() -> AsyncStream<RegistrySnapshot> { hub.follow() }

  package func publish(_ row: RegistryRow) throws(RegistryError) {
    try row.validate()
    try state.withLock { state throws(RegistryError) in
      guard state.published[row.id] != nil || state.published.count + state.settings.count < Self.maxRows else {
        throw RegistryError(.full, "more than \(Self.maxRows) rows")
      }
      if let old = state.published[row.id], old.generation > row.generation { return }
      state.published[row.id] = row
      state.revision += 1
      hub.send(state.snapshot)
    }
  }

  package func withdraw(_ id: RegistryRow.ID) {
    state.withLock { state in
      guard state.published.removeValue(forKey: id) != nil else { return }
      state.revision += 1
      hub.send(state.snapshot)
    }
  }

  package func publication(of id: RegistryRow.ID) -> Publication? {
    state.withLock { state in
      guard let row = state.published[id] else { return nil }
      guard let other = state.settings[id], other.generation > row.generation else { return .stored }
      return .superseded(by: other.generation)
    }
  }
}
