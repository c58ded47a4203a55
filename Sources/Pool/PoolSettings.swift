/// The bounds and times of a pool. A value; every figure has a default that suits a workstation and an agent alike.
///
/// Sizes follow sshd's own limits: `MaxSessions` 10 per connection, `MaxStartups` 10:30:100 per server
/// (sshd_config(5)).
package struct PoolSettings: Sendable, Hashable {
  /// Connections of all hosts together, in any state that owns a socket. 1...65536.
  package var connections = 256
  /// Connections per host that take new leases. 1 shares one between the classes; n keeps one for bulk and n - 1 for
  /// requests. 1...10.
  package var connectionsPerHost = 2
  /// Sessions (SFTP lanes and commands) on one connection. 1...10.
  package var lanesPerConnection = 8
  /// Inner connections that one connection to a jump host carries. 1...1024.
  package var tunnelsPerConnection = 64
  /// Requests that wait for one host. A herd on a cold host waits whole, so the bound is well above the lanes that
  /// one host has: what bounds a queue in time is `acquireWait`, this bounds its memory. 1...65536.
  package var queuePerHost = 256
  /// Requests that wait, all hosts together: 100 hosts with 20 calls each, twice over. 1...1048576.
  package var queue = 4_096
  /// How long a request waits while nothing in its line moves, and never beyond its deadline. A line that moves keeps
  /// its requests; time in which the host's connection is being made counts against the connect timeout instead.
  package var acquireWait: Duration = .seconds(5)
  /// An idle connection is closed after this.
  package var idleTimeout: Duration = .seconds(300)
  /// A connection is replaced after this, shortened by up to `lifetimeJitter` of it, so that a fleet does not
  /// reconnect at once.
  package var lifetime: Duration = .seconds(30 * 60)
  package var lifetimeJitter = 0.025
  /// Silence after which a connection asks its peer for a sign of life, spread by `keepaliveJitter` to both sides. The
  /// pool chooses the interval of each connection; the connection keeps it, and ends itself when it is dead. As often
  /// the pool looks for lanes that nobody needs any more.
  package var keepalive: Duration = .seconds(15)
  package var keepaliveJitter = 0.1
  /// Keepalives without an answer after which a connection counts as dead.
  package var keepalivesBeforeDead = 3
  /// Handshakes in flight to one host, and to all hosts together (sshd's `MaxStartups` refuses from 10 on).
  package var handshakesPerHost = 3
  package var handshakes = 16
  /// Pause before a further attempt after a failed one.
  package var backoff = Backoff(initial: .milliseconds(100), factor: 1.25, jitter: 0.2, cap: .seconds(60))
  /// A host whose attempts failed this often in a row, or for this long, is answered at once with its last error.
  package var failuresBeforeOpen = 3
  package var failingBeforeOpen: Duration = .seconds(2)
  /// Authentication failures in a row after which the host is left alone, and for how long (doubling up to the cap):
  /// sshd's PerSourcePenalties bans whole sources.
  package var authenticationFailuresBeforePause = 2
  package var authenticationPause = Backoff(initial: .seconds(60), factor: 2, jitter: 0, cap: .seconds(600))
  /// Where all connections are busy and another host waits this long, the connection that was busy longest takes no
  /// new leases and is handed on when its leases have ended.
  package var handOver: Duration = .seconds(1)
  /// How long a connection waits for its jump host's.
  package var tunnelWait: Duration = .seconds(20)

  package init() {}
}
