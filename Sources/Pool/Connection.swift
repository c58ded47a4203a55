/// One connection as the pool sees it. A value.
struct Connection<Instant: InstantProtocol>: Chained where Instant.Duration == Duration {
  typealias Tag = ConnectionTag

  let host: HostID
  let serves: LeaseClass
  /// When its making began.
  let began: Instant
  var state: ConnectionState<Instant>
  var lanes: LaneTable
  /// The tunnel through the jump host's connection, held from before the dial until the socket is gone.
  var outer: Lease?
  /// Backing off, or the next look at its lifetime and lanes.
  var timer: TimerID?
  var established: Instant?
  var lifeEnds: Instant?
  /// A lease of it came back sound.
  var proven = false
  var link = Link<ConnectionTag>()

  /// Takes new leases.
  var isUsable: Bool {
    switch state {
    case .idle, .leased: true
    case .starting, .backingOff, .draining, .closing, .lost: false
    }
  }
}

/// Where a connection is in its life. A value.
enum ConnectionState<Instant: InstantProtocol>: Sendable {
  /// Being dialled, or waiting for its tunnel. `counted`: holds one of the permits for handshakes.
  /// Can transition to: idle, leased, backingOff, closing, gone.
  case starting(awaitsTunnel: RequestID?, counted: Bool)
  /// The attempt failed; a further one follows, under a new name, if somebody still waits then. Owns no socket.
  /// Can transition to: starting (as another connection), gone.
  case backingOff
  /// Nobody uses it, nobody waits for it; the only state from which it may be evicted.
  /// Can transition to: leased, closing, lost, gone.
  case idle(since: Instant)
  /// In use, or about to be: leases are out, or lanes are being opened for requests that wait.
  /// Can transition to: idle, draining, closing, lost, gone.
  case leased
  /// Its leases end in peace, no new ones begin.
  /// Can transition to: closing, lost, gone.
  case draining(CloseReason)
  /// Asked to close; the socket is still there.
  /// Can transition to: lost, gone.
  case closing
  /// The socket is gone, leases are still to be given back.
  /// Can transition to: gone.
  case lost
}

/// Why the pool closes a connection.
package enum CloseReason: String, Sendable, Hashable, CaseIterable {
  /// Nobody used it for the idle timeout.
  case idle
  /// It reached its lifetime.
  case lifetime
  /// Least recently used of the idle ones when another host needed a connection.
  case evicted
  /// Busy so long that it was drained for another host that waited.
  case handedOver = "handed_over"
  /// A channel of it that nobody uses kept others from theirs.
  case obstructed
  case shutdown
  /// Shutdown whose grace was over: leases may be out.
  case forced
}
