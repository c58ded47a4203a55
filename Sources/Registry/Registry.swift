/// Who is where: the rows that coordinators share. Sendable.
///
/// It is a help for finding agents, never a judge over links: a link that is up stays in use whatever the rows say, and
/// no method waits for a network. When the store behind it is away, `snapshot` stays as it was last.
package protocol Registry: Sendable {
  /// What is known now.
  var snapshot: RegistrySnapshot { get }
  var standing: RegistryStanding { get }

  /// The snapshot now, then each newer one; a slow reader gets only the newest. Ends when the registry does.
  func snapshots() -> AsyncStream<RegistrySnapshot>

  /// Wants `row` to be seen by all for as long as this process lives, and returns at once.
  ///
  /// Replaces what this process published under the same id. Throws `.invalid` or `.full`; what becomes of it is told
  /// by `publication(of:)`.
  func publish(_ row: RegistryRow) throws(RegistryError)

  /// Takes back what this process published. Rows of others stay.
  func withdraw(_ id: RegistryRow.ID)

  /// Nil for what this process does not publish.
  func publication(of id: RegistryRow.ID) -> Publication?
}

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
