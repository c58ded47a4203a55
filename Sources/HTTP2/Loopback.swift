import NIOCore

/// Where plaintext may be spoken.
package enum Loopback {
  /// Whether `host` is a loopback address or `localhost`.
  package static func contains(_ host: String) -> Bool {
    if host == "localhost" { return true }
    guard let address = try? SocketAddress(ipAddress: host, port: 0) else { return false }
    return contains(address)
  }

  static func contains(_ address: SocketAddress) -> Bool {
    switch address {
    case .v4: address.ipAddress?.hasPrefix("127.") ?? false
    case .v6: address.ipAddress == "::1"
    case .unixDomainSocket: true
    }
  }

  /// - Throws: `plaintextRefused` where neither TLS is given nor `host` is a loopback address or `localhost`.
  static func check(_ host: String, tls: HTTP2TLS?) throws(HTTP2Error) {
    guard tls == nil, !contains(host) else { return }
    throw refusal(host)
  }

  static func refusal(_ host: String) -> HTTP2Error {
    HTTP2Error(
      .plaintextRefused, "\(host) is not a loopback address: a link to it needs TLS with certificates on both sides",
      scope: .connection, maybeProcessed: false)
  }
}
