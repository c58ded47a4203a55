/// Where a call's time went on the agent's side. Travels in the reply's trailers, so a caller can tell the agent's own
/// time (the total less these) from the host's. A value.
package struct CallTimings: Sendable, Hashable {
  /// The host's answers.
  package var host: Duration
  /// Waiting for a connection to be made; zero when the pool hit.
  package var connect: Duration
  /// Waiting for a turn.
  package var queue: Duration
  /// A connection stood already.
  package var poolHit: Bool

  package init(host: Duration = .zero, connect: Duration = .zero, queue: Duration = .zero, poolHit: Bool = false) {
    self.host = host
    self.connect = connect
    self.queue = queue
    self.poolHit = poolHit
  }
}
