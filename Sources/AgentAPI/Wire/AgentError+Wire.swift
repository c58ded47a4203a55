import RPC

/// The one place where failures become gRPC statuses with metadata and come back. The table: Protocol/README.md, Errors.
extension RPCError {
  init(_ error: AgentError) {
    var metadata = RPCMetadata()
    metadata.add("scout-code", error.code.rawValue)
    metadata.add("scout-scope", error.scope.rawValue)
    metadata.add("scout-may-have-run", error.mayHaveRun ? "true" : "false")
    if let phase = error.phase { metadata.add("scout-phase", phase) }
    if let elapsed = error.elapsed { metadata.add("scout-elapsed-ms", "\(elapsed.milliseconds)") }
    self.init(
      error.code.status, error.message, metadata: metadata, retryAfter: error.retryAfter, mayHaveRun: error.mayHaveRun)
  }
}

extension AgentError {
  /// - Parameter agent: Whose status it is, or who could not be asked: `dc1 at 10.0.0.5:7443`.
  init(_ error: RPCError, agent: String, elapsed: Duration) {
    guard let code = error.metadata["scout-code"].flatMap(FailureCode.init(rawValue:)) else {
      self.init(transport: error, agent: agent, elapsed: elapsed)
      return
    }
    let told = error.metadata["scout-elapsed-ms"].flatMap { Int64($0) }
    self.init(
      code: code, message: error.message, phase: error.metadata["scout-phase"],
      elapsed: told.map { .milliseconds(max($0, 0)) } ?? elapsed,
      mayHaveRun: error.metadata["scout-may-have-run"] != "false", retryAfter: error.retryAfter,
      scope: error.metadata["scout-scope"].flatMap(Scope.init(rawValue:)))
  }

  /// A failure that is the link's, or of an agent that is not Scout's.
  private init(transport error: RPCError, agent: String, elapsed: Duration) {
    let (code, message): (FailureCode, String) =
      switch error.code {
      case .unavailable where error.mayHaveRun:
        (.lost, "the link to agent \(agent) was lost in mid-request (\(error.message)); the request may have run")
      case .unavailable:
        (.unreachable, "agent \(agent) cannot be reached: \(error.message); the request did not run, try again")
      case .deadlineExceeded:
        (
          .timeout,
          "agent \(agent) did not answer in time: \(error.message); try this host alone, or with a larger timeout_ms"
        )
      case .cancelled:
        (.cancelled, error.message)
      case .resourceExhausted:
        (.overloaded, "agent \(agent) turned the request away: \(error.message)")
      case .invalidArgument:
        (.invalidArgument, "agent \(agent) does not understand the request: \(error.message)")
      case .unimplemented:
        (
          .internal,
          "agent \(agent) does not know this operation (\(error.message)); its version may be older than this one's"
        )
      default:
        (.internal, "agent \(agent) failed: \(error.message) (gRPC status \(error.code))")
      }
    self.init(
      code: code, message: message, phase: "link", elapsed: elapsed, mayHaveRun: error.mayHaveRun,
      retryAfter: error.retryAfter, scope: code == .cancelled || code == .invalidArgument ? .request : .agent)
  }
}

extension FailureCode {
  fileprivate var status: RPCCode {
    switch self {
    case .unknownHost, .notFound: .notFound
    case .permissionDenied, .refusedByPolicy: .permissionDenied
    case .notADirectory, .notAFile, .authFailed, .hostKeyUnknown, .hostKeyChanged: .failedPrecondition
    case .invalidArgument: .invalidArgument
    case .unreachable, .connectTimeout: .unavailable
    case .lost: .aborted
    case .timeout: .deadlineExceeded
    case .overloaded: .resourceExhausted
    case .cancelled: .cancelled
    case .internal: .internal
    }
  }
}
