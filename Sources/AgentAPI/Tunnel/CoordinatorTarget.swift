package import HTTP2

/// A value: a coordinator that an agent dials.
package struct CoordinatorTarget: Sendable, Hashable, CustomStringConvertible {
  package var host: String
  package var port: Int
  /// Nil: plaintext, on loopback only.
  package var tls: HTTP2TLS?

  package init(host: String, port: Int, tls: HTTP2TLS? = nil) {
    self.host = host
    self.port = port
    self.tls = tls
  }

  /// An IPv6 address stands in brackets.
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
