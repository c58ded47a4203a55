/// A value: what went wrong with a stream or with its connection, and whether the peer may have acted on the request.
package struct HTTP2Error: Error, Sendable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    /// No TCP connection within the time given, or none at all.
    case connectFailed
    /// No TLS session: certificates, names, protocol version, or no `h2` by ALPN.
    case tlsFailed
    /// Plaintext was asked for on an address that is not loopback.
    case plaintextRefused
    /// A certificate, a key or an address that cannot be used.
    case invalidConfiguration
    /// The connection ended while the stream was open.
    case connectionClosed
    /// The peer sent GOAWAY with an error.
    case goAway(HTTP2ErrorCode)
    /// The peer, or this side, reset the stream.
    case streamReset(HTTP2ErrorCode)
    /// The peer says that it did nothing with the stream (REFUSED_STREAM, or an id above GOAWAY's last).
    case refusedStream
    /// The peer broke RFC 9113, or one of the limits of this side.
    case protocolViolation
    /// Silence, then no answer to PING.
    case pingTimeout
    /// This connection takes no new streams.
    case draining
    /// As many streams are open as the peer allows.
    case tooManyStreams
    /// More was queued on the stream than `HTTP2Settings.maxPendingBytes`.
    case queueFull
  }

  package enum Scope: Sendable, Hashable {
    case stream
    case connection
  }

  package var code: Code
  package var message: String
  package var scope: Scope
  /// False only where it is certain that the peer did not process the request: retrying is then safe for anything.
  package var maybeProcessed: Bool

  package init(_ code: Code, _ message: String, scope: Scope, maybeProcessed: Bool) {
    self.code = code
    self.message = message
    self.scope = scope
    self.maybeProcessed = maybeProcessed
  }

  package var description: String { "\(code): \(message)" }
}
