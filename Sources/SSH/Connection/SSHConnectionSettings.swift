import SSHConfig

/// Bounds and clocks of one connection. A value.
///
/// The pool may narrow the bounds of a connect by what connects to its hosts usually take (`SSHPoolSettings.connectBounds`).
/// `ConnectTimeout` of ssh_config(5) takes their place.
package struct SSHConnectionSettings: Sendable, Hashable {
  /// Name resolution and TCP connect.
  package var tcpTimeout: Duration
  /// The server's banner and the key exchange.
  package var keyExchangeTimeout: Duration
  /// All authentication attempts together.
  package var authenticationTimeout: Duration
  /// Key exchange and authentication together; nil: the sum of both.
  package var handshakeTimeout: Duration? = .seconds(15)
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

  /// All phases together.
  func connectLimit(of host: ResolvedHost) -> Duration {
    guard let bound = host.connectTimeout else { return connectLimit }
    return bound + bound + authenticationTimeout
  }

  /// The same for a host without a `ConnectTimeout`.
  package var connectLimit: Duration {
    tcpTimeout + (handshakeTimeout ?? keyExchangeTimeout + authenticationTimeout)
  }
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
