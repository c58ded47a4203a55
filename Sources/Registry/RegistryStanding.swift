/// What became of a row that this process publishes. A value.
package enum Publication: Sendable, Hashable {
  /// Not written yet: the store is away, or it is about to be done.
  case waiting
  /// It stands there, under this process's lease.
  case stored
  /// Somebody else keeps a row of the same generation there; it is written when that one goes.
  case vouchedFor
  /// A newer generation stands there. Publish with a greater one, or withdraw.
  case superseded(by: UInt64)
}

/// How fresh a snapshot is. A value.
package enum RegistryStanding: Sendable, Hashable {
  /// Changes are followed; the snapshot is behind by no more than the silence that is allowed.
  case synced
  /// Nothing was heard since then; nil where nothing was ever heard.
  case stale(since: ContinuousClock.Instant?)

  package var isSynced: Bool { self == .synced }
}
