import FoundationEssentials
import Synchronization

/// What sessions with etcd, one after another, leave behind: rows, wishes, the lease. Sendable: state behind a lock.
final class EtcdState: Sendable {
  private struct State {
    var view: EtcdView
    var publications: Publications
    var lease: Int64?
    var isSynced = false
    var lastHeard: ContinuousClock.Instant?
    /// Wakes the session that writes.
    var wake: AsyncStream<Void>.Continuation?
    var figures = EtcdFigures()
  }

  let keys: EtcdKeys
  let hub: SnapshotHub
  private let state: Mutex<State>

  init(_ settings: EtcdSettings, snapshot: RegistrySnapshot) {
    keys = EtcdKeys(prefix: settings.prefix)
    hub = SnapshotHub(snapshot)
    state = Mutex(
      State(
        view: EtcdView(keys: keys, maxRows: settings.maxRows), publications: Publications(maxRows: settings.maxRows)))
  }

  // What callers ask.

  var standing: RegistryStanding {
    state.withLock { $0.isSynced ? .synced : .stale(since: $0.lastHeard) }
  }

  var figures: EtcdFigures {
    state.withLock { state in
      var figures = state.figures
      figures.skippedRows = state.view.skipped
      return figures
    }
  }

  func publish(_ row: RegistryRow) throws(RegistryError) {
    let key = keys.key(of: row.id)
    try state.withLock { state throws(RegistryError) in
      try state.publications.published(row, key: key)
      state.wake?.yield()
    }
  }

  func withdraw(_ id: RegistryRow.ID) {
    let key = keys.key(of: id)
    state.withLock { state in
      state.publications.withdrew(key)
      state.wake?.yield()
    }
  }

  func publication(of id: RegistryRow.ID) -> Publication? {
    let key = keys.key(of: id)
    return state.withLock { $0.publications.publication(key, $0.view, lease: $0.lease) }
  }

  // What a session reports.

  func sessionBegan(endpoint: String, wake: AsyncStream<Void>.Continuation) {
    state.withLock { state in
      state.wake = wake
      state.figures.sessions += 1
      state.figures.endpoint = endpoint
    }
  }

  func listed(_ pairs: [EtcdPair], revision: Int64) throws(RegistryError) {
    try state.withLock { state throws(RegistryError) in
      try state.view.listed(pairs, revision: revision)
      state.publications.viewReplaced()
      state.figures.lists += 1
      hub.send(state.view.snapshot)
    }
  }

  /// Something came over the watch. True when that made the snapshot synced.
  func heard(now: ContinuousClock.Instant, isSynced: Bool) -> Bool {
    state.withLock { state in
      state.lastHeard = now
      defer { state.isSynced = isSynced || state.isSynced }
      return isSynced && !state.isSynced
    }
  }

  var lastHeard: ContinuousClock.Instant? { state.withLock { $0.lastHeard } }

  func happened(_ events: [EtcdWatchAnswer.Event]) throws(RegistryError) {
    try state.withLock { state throws(RegistryError) in
      let hasChanged = try state.view.happened(events)
      state.publications.viewChanged(revision: state.view.revision)
      guard hasChanged else { return }
      hub.send(state.view.snapshot)
      if !state.publications.isEmpty { state.wake?.yield() }
    }
  }

  /// True when the snapshot was synced until now.
  func sessionEnded(_ error: RegistryError) -> Bool {
    state.withLock { state in
      state.wake = nil
      state.figures.lastFailure = error
      if error.code == .compacted { state.figures.compactions += 1 }
      defer { state.isSynced = false }
      return state.isSynced
    }
  }

  // What the writing part of a session asks and reports.

  var lease: Int64? { state.withLock { $0.lease } }
  var isPublishing: Bool { state.withLock { !$0.publications.isEmpty } }
  var publishedCount: Int { state.withLock { $0.publications.wanted.count } }

  func leased(_ lease: Int64?) { state.withLock { $0.lease = lease } }

  func nextBatch(lease: Int64) -> [(key: Data, change: Publications.Change)] {
    state.withLock { $0.publications.nextBatch($0.view, lease: lease) }
  }

  func succeeded(_ batch: [(key: Data, change: Publications.Change)], revision: Int64, lease: Int64) {
    state.withLock { $0.publications.succeeded(batch, revision: revision, lease: lease) }
  }

  func refused(
    _ batch: [(key: Data, change: Publications.Change)], standing: [Data: EtcdView.Held?], revision: Int64,
    lease: Int64
  ) {
    state.withLock {
      $0.publications.refused(batch, standing: standing, revision: revision, lease: lease)
    }
  }
}

/// What an operator wants to know of a registry in etcd. A value.
package struct EtcdFigures: Sendable, Hashable {
  /// The endpoint that is used, or was last.
  package var endpoint: String?
  /// Attempts to follow etcd, since the start.
  package var sessions: UInt64 = 0
  /// Lists that were read to their end.
  package var lists: UInt64 = 0
  /// Watches that came too late for etcd's history and were followed by a list.
  package var compactions: UInt64 = 0
  /// Rows that could not be read, since the start.
  package var skippedRows: UInt64 = 0
  package var lastFailure: RegistryError?
}
