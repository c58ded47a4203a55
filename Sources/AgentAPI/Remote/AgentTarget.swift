package import HTTP2

/// Where an agent is. A value.
package struct AgentTarget: Sendable, Hashable, CustomStringConvertible {
  /// For people and logs, such as the segment.
  package var name: String
  package var host: String
  package var port: Int
  /// Nil: plaintext, on loopback only.
  package var tls: HTTP2TLS?

  package init(name: String, host: String, port: Int, tls: HTTP2TLS? = nil) {
    self.name = name
    self.host = host
    self.port = port
    self.tls = tls
  }

  package var description: String { "\(name) at \(authority)" }

  /// An IPv6 address stands in brackets.
  var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
