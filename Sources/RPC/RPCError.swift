/// A call that did not end with OK: a status of the peer's, or what kept it from giving one. A value.
package struct RPCError: Error, Sendable, Hashable {
  /// What else the failure spoils.
  package enum Scope: Sendable, Hashable {
    /// This call; the next one on the same connection may well succeed.
    case call
    /// The connection: it is of no more use.
    case connection
  }

  /// Never `.ok`.
  package var code: RPCCode
  /// For a person. At most `RPCError.maxMessageBytes` of it travel.
  package var message: String
  /// The trailers beside the status; what a server's handler puts here travels.
  package var metadata: RPCMetadata
  /// When the server suggests to try again (`grpc-retry-pushback-ms`, gRPC A6). Whole milliseconds travel.
  package var retryAfter: Duration?
  /// False only where it is certain that no handler saw the call: repeating it is safe then, whatever it does.
  package var mayHaveRun: Bool
  package var scope: Scope

  static let maxMessageBytes = 1024

  package init(
    _ code: RPCCode, _ message: String, metadata: RPCMetadata = RPCMetadata(), retryAfter: Duration? = nil,
    mayHaveRun: Bool = true, scope: Scope = .call
  ) {
    self.code = code
    self.message = message
    self.metadata = metadata
    self.retryAfter = retryAfter
    self.mayHaveRun = mayHaveRun
    self.scope = scope
  }
}

extension RPCError: CustomStringConvertible {
  package var description: String { "\(code): \(message)" }
}
