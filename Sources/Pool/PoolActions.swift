/// What the driver has to do, in this order, after an event. A value; empty on the warm path.
package struct PoolActions<Instant: InstantProtocol>: Sendable {
  package private(set) var list: [PoolAction] = []
  /// Call `timerFired` at this instant: set where it is earlier than what was asked for before. One timer is enough;
  /// the last instant counts, and to come early does no harm.
  package internal(set) var wake: Instant?

  mutating func append(_ action: PoolAction) {
    list.append(action)
  }
}

/// One thing to do. Every event that answers it is named with it.
package enum PoolAction: Sendable {
  /// Dial and authenticate, `over` the outer connection where there is one, and keep it alive at this interval:
  /// `connectionEstablished`, `handshakeFailed`.
  case connect(ConnectionID, PoolKey, over: ConnectionID?, keepalive: Duration)
  /// Open an SFTP channel: `laneOpened`, `laneOpenFailed`.
  case openLane(LaneID)
  /// Close an SFTP channel: `laneClosed`.
  case closeLane(LaneID)
  /// Close it, or give up dialling it: `connectionClosed`.
  case closeConnection(ConnectionID, CloseReason)
  /// The request has its lease.
  case grant(RequestID, LeaseGrant)
  /// The request has none and is over.
  case refuse(RequestID, LeaseRefusal)
  /// Shutdown is complete: no connection is left.
  case stopped
}

/// A lease and what it took to get it. A value.
package struct LeaseGrant: Sendable, Hashable {
  package let lease: Lease
  /// Time in line, the making of the connection left out.
  package let queued: Duration
  /// The part of the wait in which the connection was being made.
  package let connecting: Duration
  /// An open lane was there at once.
  package let hit: Bool
}

/// The answer to a request.
package enum LeaseAnswer: Sendable {
  case granted(LeaseGrant)
  /// A `grant` or `refuse` action follows, exactly once.
  case waiting(RequestID)
  case refused(LeaseRefusal)
}
