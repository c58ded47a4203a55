package import Pool
package import SSHConfig

/// Bounds and times of the SSH pool. A value.
package struct SSHPoolSettings: Sendable {
  /// What is decided: connections, lanes, queues, idle times.
  package var pool = PoolSettings()
  /// Per connection. The keepalive interval and limit here are not used: the pool spreads its own.
  package var connection = SSHConnectionSettings()
  /// Asked before each connect for its bounds, given those of `connection`; nil: they stand. From any thread; must not block.
  package var connectBounds: (@Sendable (ResolvedHost, SSHConnectionSettings) -> SSHConnectionSettings)?
  /// How long the opening of an SFTP channel may take.
  package var laneTimeout: Duration = .seconds(10)
  /// What leases that are out get at shutdown before their connections close under them.
  package var shutdownGrace: Duration = .seconds(3)

  package init() {}
}

/// What it took to get a lane. A value.
package struct LeaseTimings: Sendable, Hashable {
  /// Time in line, the making of the connection left out.
  package var queue: Duration
  /// The part of the wait in which the host's connection was being made.
  package var connect: Duration
  /// An open lane was there at once.
  package var hit: Bool

  package init(queue: Duration, connect: Duration, hit: Bool) {
    self.queue = queue
    self.connect = connect
    self.hit = hit
  }
}

/// What the pool knows about one host. A value.
package struct HostContact: Sendable {
  /// A connection stands and takes requests.
  package var isConnected: Bool
  /// Requests are answered at once with the last error, but for one attempt after each pause.
  package var isRefused: Bool
  /// Why the last attempt failed, and how long ago; nil if it succeeded or there was none.
  package var lastError: SSHError?
  package var lastErrorAge: Duration?
  /// When an attempt is made again if one is asked for.
  package var retryIn: Duration?
}
