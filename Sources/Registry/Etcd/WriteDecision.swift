/// The fence: whether a row may be written over what stands there. A value.
enum WriteDecision: Sendable, Hashable {
  /// Write it, if the key's modification revision is still this one (0: the key does not exist).
  case write(over: Int64)
  /// It stands there already, under our lease.
  case stored
  /// Somebody else keeps a row of this generation there.
  case leave
  /// A newer one stands there.
  case superseded(by: UInt64)

  /// What to do with `row`, when `standing` is what its key holds and `lease` is ours.
  ///
  /// The comparison is done again by etcd, in one transaction with the write; so a writer that was paused, cut off or
  /// that knows something old can be refused, but never overwrites a newer row.
  init(_ row: RegistryRow, over standing: EtcdView.Held?, lease: Int64) {
    guard let standing else {
      self = .write(over: 0)
      return
    }
    if standing.row.generation > row.generation {
      self = .superseded(by: standing.row.generation)
    } else if standing.row.generation < row.generation {
      self = .write(over: standing.modRevision)
    } else if standing.lease != lease {
      self = .leave
    } else {
      self = standing.row == row ? .stored : .write(over: standing.modRevision)
    }
  }
}
