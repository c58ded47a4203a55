package import AgentAPI

/// A command with effects, run through one agent and asked for again under its request id where the link breaks: the agent's journal
/// says what came of it, and it is never run a second time. A value, used once.
///
/// What was taken before the link broke is not taken twice: the agent tells all output again from the beginning.
package struct EffectRun: Sendable {
  private enum Certainty {
    /// No agent can have begun it.
    case unasked
    /// It may be there: it is only asked for.
    case doubtful
  }

  private let service: any AgentService
  private let request: RunRequest
  private let context: CallContext

  /// - Parameter request: with a request id that no other command has or had.
  package init(_ request: RunRequest, at service: any AgentService, _ context: CallContext) {
    self.request = request
    self.service = service
    self.context = context
  }

  /// Returns when the command has ended and `sink` has had all of it.
  ///
  /// - Throws: AgentError; `lost` where nobody can say what came of it. What `sink` throws ends it, and passes.
  package func run(_ sink: @escaping ReplySink<RunEvent>) async throws -> CallTimings {
    let progress = RunProgress(sink)
    var certainty = Certainty.unasked
    var failures = 0
    while true {
      progress.attemptBegan()
      do {
        var request = request
        request.resume = certainty == .doubtful
        return try await service.run(request, context) { try await progress.take($0) }
      } catch let error as AgentError where !Task.isCancelled && !progress.isRefused {
        switch certainty {
        case .unasked where error.isOfLink && error.mayHaveRun: certainty = .doubtful
        case .doubtful where error.isAbsent:
          // It ran, and its agent lost its journal.
          guard !progress.wasAccepted else { throw Self.lost(error, certainty) }
          certainty = .unasked
        case .doubtful where error.isOfLink: break
        default: throw error
        }
        let pause = ShedPause.before(failures, wish: .zero, spread: .random(in: 0.8...1.2))
        guard ContinuousClock.now + pause < context.deadline else { throw Self.lost(error, certainty) }
        try await Task.sleep(for: pause)
        failures += 1
      }
    }
  }

  private static func lost(_ last: AgentError, _ certainty: Certainty) -> AgentError {
    guard certainty == .doubtful else { return last }
    return AgentError(
      code: .lost,
      message:
        "Whether the command ran could not be learned in time (\(last.message)); it was not repeated. Look on the host.",
      phase: last.phase, mayHaveRun: true, scope: .agent)
  }
}

extension AgentError {
  /// The link or the agent failed, so the same agent may know more when it is back.
  fileprivate var isOfLink: Bool { scope == .agent && (code == .lost || code == .unreachable) }

  /// The agent's journal shows that it never began it.
  fileprivate var isAbsent: Bool { code == .lost && phase == "journal" && !mayHaveRun }
}
