import AgentAPI
import SSH

extension SSHError {
  /// The word that a client sees for this error.
  var failureCode: FailureCode {
    switch code {
    // Its settings ask for what this build does not do: there is no way to it.
    case .unreachable, .unsupported: .unreachable
    case .connectTimeout: .connectTimeout
    case .authFailed: .authFailed
    case .hostKeyUnknown: .hostKeyUnknown
    case .hostKeyChanged: .hostKeyChanged
    case .notFound: .notFound
    case .permissionDenied: .permissionDenied
    case .notADirectory: .notADirectory
    case .notAFile: .notAFile
    case .timeout: .timeout
    case .overloaded: .overloaded
    case .cancelled: .cancelled
    case .connectionLost: mayHaveRun ? .lost : .unreachable
    case .invalidArgument: .invalidArgument
    case .protocolViolation, .failure: mayHaveRun ? .lost : .internal
    }
  }
}

extension AgentError {
  /// - Parameter start: when the request began; the error's own time wins where it has one.
  init(_ error: SSHError, since start: ContinuousClock.Instant) {
    self.init(
      code: error.failureCode, message: error.message, phase: error.phase?.name,
      elapsed: error.elapsed ?? start.duration(to: .now), mayHaveRun: error.mayHaveRun,
      // A host that breaks the protocol, or allows few sessions, says nothing about the agent.
      scope: error.code == .protocolViolation || error.code == .failure || error.isRefusedChannel ? .host : nil)
  }

  /// What an operation threw, as the one error that `AgentService` throws; nil for what the receiver of its answer threw,
  /// which passes unchanged.
  static func from(_ error: any Error, since start: ContinuousClock.Instant) -> AgentError? {
    switch error {
    case let error as AgentError: error
    case let error as SSHError: AgentError(error, since: start)
    case is CancellationError:
      AgentError(code: .cancelled, message: "the caller gave up", elapsed: start.duration(to: .now))
    default: nil
    }
  }
}

extension SSHError.Phase {
  /// In words, as answers print it.
  var name: String {
    switch self {
    case .queue: "queue"
    case .tcp: "tcp"
    case .keyExchange: "key_exchange"
    case .hostKey: "host_key"
    case .authentication: "authentication"
    case .channel: "channel"
    case .operation: "operation"
    }
  }
}

extension Duration {
  /// Rounded down.
  var wholeMilliseconds: Int64 {
    components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
  }

  var milliseconds: Double {
    Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
  }
}
