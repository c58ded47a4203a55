/// How clients reach the coordinator over HTTP. A value; `validate()` says whether it may be served.
package struct FrontDoorSettings: Sendable {
  /// PEM files of the server's certificate, with its chain, and of its private key.
  package struct TLSFiles: Sendable, Hashable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// SCOUT_HTTP_HOST: the address to listen on.
  package var host = "127.0.0.1"
  /// SCOUT_HTTP_PORT: 0 takes any free one (tests).
  package var port = 8000
  /// SCOUT_API_KEYS: any of them opens the door. Secret.
  package var apiKeys: [APIKey] = []
  /// SCOUT_AUTH_ENABLED: nil asks for a key exactly when there are keys.
  package var authEnabled: Bool?
  /// Host names by which clients reach this server, beside the loopback ones; `*` accepts any.
  package var allowedHosts: [String] = []
  /// Web origins (`https://example.org`) that may call, beside the loopback ones.
  package var allowedOrigins: [String] = []
  package var tls: TLSFiles?
  /// A proxy in front checks credentials and ends TLS; its `X-Forwarded-For` is believed.
  package var behindProxy = false
  package var limits = Limits()

  package init() {}

  /// Bounds of what clients may take. A value.
  package struct Limits: Sendable, Hashable {
    /// Bytes of one request's body; 1 KiB to 64 MiB.
    package var body = 4 << 20
    /// Connections open at once; what comes after waits in the backlog.
    package var connections = 1024
    /// Calls running at once, all clients together; what comes after gets 503.
    package var calls = 4096
    /// SCOUT_RATE_LIMIT_PER_MINUTE: requests a minute for each key or, without keys, address; 0 for no limit.
    package var requestsPerMinute = 0
    /// SCOUT_RATE_LIMIT_BURST: requests at once before the rate applies.
    package var burst = 100
    /// A new connection's first request must have its head by then.
    package var head: Duration = .seconds(10)
    /// A request must be here whole by then.
    package var request: Duration = .seconds(30)
    /// A kept-alive connection without a request is closed.
    package var idle: Duration = .seconds(75)
    /// A client that does not read its answer for so long is given up.
    package var write: Duration = .seconds(60)
    /// On shutdown, calls under way have this long; then they are cancelled.
    package var drain: Duration = .milliseconds(3500)

    package init() {}
  }

  /// Whether a request needs a key.
  package var isAuthenticated: Bool { authEnabled ?? !apiKeys.isEmpty }

  /// The URL of the MCP endpoint at the port that was bound.
  package func url(port: Int) -> String {
    let name = host == "0.0.0.0" || host == "::" ? "127.0.0.1" : host
    let authority = name.contains(":") ? "[\(name)]" : name
    return "\(tls == nil ? "http" : "https")://\(authority):\(port)/mcp"
  }
}
