package import HTTP2

/// A value: how tunnels are kept, on either side.
package struct TunnelSettings: Sendable, Hashable {
  /// Agent: the first pause after a tunnel ended is drawn from nothing to this, later ones from nothing to what the trouble took so far.
  package var firstBackoff: Duration = .seconds(1)
  package var longestBackoff: Duration = .seconds(60)
  /// A tunnel that stood so long ends the trouble.
  package var stableAfter: Duration = .seconds(60)
  /// For TCP, TLS, the greeting and the first SETTINGS together.
  package var handshakeTimeout: Duration = .seconds(10)
  /// How long calls that run may finish when this side stops.
  package var grace: Duration = .seconds(3)
  /// How long calls that run may finish on a tunnel whose other side drains it, or that another one replaced.
  package var longestDrain: Duration = .seconds(30)

  /// Coordinator: tunnels at once.
  package var maxTunnels = 1024
  /// Coordinator: connections at once that have not said who they are.
  package var maxWaiting = 64
  /// Coordinator: agents that are remembered, with a tunnel or without.
  package var maxAgents = 4096
  /// Coordinator: an agent without a tunnel is forgotten, and its hosts with it, after so long. Until then its hosts are answered for,
  /// with the reason, and its link shows as down.
  package var forgetAfter: Duration = .seconds(86_400)
  /// Coordinator: how long a call waits for an agent to dial in again.
  package var patience: Duration = .seconds(3)
  /// Coordinator: how long a new tunnel's agent may take to say that it is well.
  package var healthTimeout: Duration = .seconds(5)
  /// Coordinator: how much less time the agent is told than there is, so that its own answer to a passed deadline arrives.
  package var replyMargin: Duration = .milliseconds(20)
  package var http2 = HTTP2Settings()

  package init() {}
}
