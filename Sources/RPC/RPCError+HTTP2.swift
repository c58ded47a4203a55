package import HTTP2

extension RPCError {
  /// What the end of a stream, or of its connection, means to a call without a status.
  ///
  /// Source: grpc/doc/PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping"; RFC 9113, sections 6.8 and 7.
  package init(_ error: HTTP2Error) {
    let code: RPCCode =
      switch error.code {
      case .streamReset(.cancel): .cancelled
      case .streamReset(.refusedStream): .unavailable
      case .streamReset(.enhanceYourCalm): .resourceExhausted
      case .streamReset(.inadequateSecurity): .permissionDenied
      case .streamReset, .protocolViolation: .internal
      case .queueFull: .resourceExhausted
      case .invalidConfiguration, .plaintextRefused: .failedPrecondition
      case .connectFailed, .tlsFailed, .connectionClosed, .goAway, .refusedStream, .pingTimeout, .draining,
        .tooManyStreams:
        .unavailable
      }
    self.init(
      code, error.message, mayHaveRun: error.maybeProcessed, scope: error.scope == .connection ? .connection : .call)
  }
}
