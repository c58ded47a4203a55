package import SSHConfig

/// What the pool learns of a host beside what requests are told: for whoever keeps the host's health. A value.
package enum HostEvent: Sendable {
  /// A connection was made; how long its phases took.
  case connected(ConnectTimings)
  /// An attempt to connect failed.
  case connectFailed(SSHError)
  /// A connection that was made has ended; there may be another.
  case disconnected
  /// A silent host answered a keepalive request.
  case alive
}

/// Told of each event of each host, the hosts of a ProxyJump among them. Called on event loops and pool threads, one call
/// after another for one connection: it must not block.
package typealias HostObserver = @Sendable (ResolvedHost, HostEvent) -> Void
