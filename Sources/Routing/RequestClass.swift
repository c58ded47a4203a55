/// What may be done with a request whose fate is uncertain.
package enum RequestClass: String, Sendable, Hashable, CaseIterable {
  /// Reading: stat, list, read, search, commands that policy lists as harmless. Hedged, retried twice.
  case read
  /// Writing whose repetition changes nothing: a whole file by temporary name and rename. Never hedged; retried once the
  /// agent was asked what became of it.
  case idempotentWrite
  /// Anything else: general commands, append, delete. Never hedged; retried only when it provably never began.
  case effect

  package var mayHedge: Bool { self == .read }

  /// Attempts after the first, hedges not counted.
  package var retries: Int { 2 }

  /// Whether an attempt that may have run can simply be made again.
  package var isRepeatable: Bool { self == .read }

  /// Whether an attempt whose fate could not be learned can be made again.
  package var isRepeatableBlindly: Bool { self != .effect }
}

/// What an agent's journal says about a request id.
package enum RequestStatus: String, Sendable, Hashable, CaseIterable {
  /// It never came to this agent: it provably did not run there.
  case absent
  /// Accepted or running: the same id attaches to it.
  case running
  /// Finished: the same id replays its answer.
  case done
  /// It had begun when the agent went down. It is never run again under this id.
  case unknown
}

/// The kinds of operations that are timed apart. What a host takes for one says little about another.
package enum OperationKind: UInt8, Sendable, Hashable, CaseIterable {
  case stat
  case list
  case read
  case search
  /// Timed until the command was accepted, never its run.
  case run
  case write
}
