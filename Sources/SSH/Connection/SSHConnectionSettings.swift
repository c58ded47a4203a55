import SSHConfig

/// Bounds and clocks of one connection. A value.
///
/// The bounds of a connect stand still: a host is connected to a few times an hour, which makes no quantile, and one lost SYN alone
/// takes a second (RFC 6298). `ConnectTimeout` of ssh_config(5) takes their place. What hosts of a segment usually need is measured by
/// coordinators, which give an attempt at a cold host its time by it.
package struct SSHConnectionSettings: Sendable, Hashable {
  /// Name resolution and TCP connect.
  package var tcpTimeout: Duration
  /// The server's banner and the key exchange.
  package var keyExchangeTimeout: Duration
  /// All authentication attempts together.
  package var authenticationTimeout: Duration
  /// Silence after which the host is asked for a sign of life; zero asks never. The pool spreads it by 10 %.
  package var keepaliveInterval: Duration
  /// Unanswered questions after which the connection is dead.
  package var keepaliveLimit: Int
  /// Channels at once: sshd's default MaxSessions is 10.
  package var channelLimit: Int

  package init(
    tcpTimeout: Duration = .seconds(5), keyExchangeTimeout: Duration = .seconds(10),
    authenticationTimeout: Duration = .seconds(10), keepaliveInterval: Duration = .seconds(15),
    keepaliveLimit: Int = 3, channelLimit: Int = 10
  ) {
    self.tcpTimeout = tcpTimeout
    self.keyExchangeTimeout = keyExchangeTimeout
    self.authenticationTimeout = authenticationTimeout
    self.keepaliveInterval = keepaliveInterval
    self.keepaliveLimit = keepaliveLimit
    self.channelLimit = channelLimit
  }

  // ssh_config(5), ConnectTimeout: it takes the place of both bounds, be it shorter or longer.

  func tcpTimeout(of host: ResolvedHost) -> Duration { host.connectTimeout ?? tcpTimeout }
  func keyExchangeTimeout(of host: ResolvedHost) -> Duration { host.connectTimeout ?? keyExchangeTimeout }
}

/// How long each phase of a connect took. A value.
package struct ConnectTimings: Sendable, Hashable {
  package var tcp: Duration
  package var keyExchange: Duration
  package var authentication: Duration

  package init(tcp: Duration, keyExchange: Duration, authentication: Duration) {
    self.tcp = tcp
    self.keyExchange = keyExchange
    self.authentication = authentication
  }

  package var total: Duration { tcp + keyExchange + authentication }
}
