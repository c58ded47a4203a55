import AgentAPI
import Logging
import Routing

/// What the coordinator can do, as typed calls: the MCP tools, the front doors and the commands at a terminal all go through
/// here. A value; copies share the directory and the gate.
///
/// `directory` runs beside it as a Service.
package struct CoordinatorCore: Sendable {
  package let directory: AgentDirectory
  package let settings: CallSettings
  package let observer: CallObserver
  private let gate: ConcurrencyGate

  package init(directory: AgentDirectory, settings: CallSettings = CallSettings(), observer: CallObserver) {
    self.directory = directory
    self.settings = settings
    self.observer = observer
    gate = ConcurrencyGate(limit: settings.concurrency)
  }

  /// What asking one host needs.
  struct HostCall: Sendable {
    let index: Int
    /// How many are asked in the call.
    let count: Int
    /// As its agent knows it.
    let alias: String
    let path: RemotePath?
    let attempt: HostAttempt

    var service: any AgentService { attempt.service }
    var context: CallContext { attempt.context }
  }

  /// What asking them all came to.
  struct Asked<Value: Sendable>: Sendable {
    /// Those that answered, as indices into `asks`, and what they said.
    var answers: [(index: Int, value: Value)] = []
    var failures: [HostFailure] = []
    var asks: Asks

    var summary: AnswerSummary {
      AnswerSummary(asked: answers.count + failures.count, ok: answers.count, failed: failures.count)
    }

    func hosts(_ members: [Int]) -> [String] { members.map { asks.host(answers[$0].index).name } }
  }

  /// Resolves the targets, asks every host side by side until the deadline, and says who failed and why.
  ///
  /// Throws when the targets or options make no call.
  ///
  /// - Parameters:
  ///   - prepare: is told what will be asked, before the first host is.
  ///   - operation: asks one agent; it takes each message of the answer by `HostCall.attempt.take`.
  func ask(
    _ targets: [Target], _ kind: OperationKind, _ options: CallOptions, start: ContinuousClock.Instant,
    prepare: (Asks) -> Void, _ operation: @escaping @Sendable (HostCall) async throws -> CallTimings
  ) async throws(TargetError) -> Asked<Void> {
    let timeout = try checkedTimeout(options)
    guard !targets.isEmpty else { throw TargetError("No target: give target or targets") }
    let deadline = start + timeout
    let roster = await directory.roster(until: deadline) { Self.suffices($0, for: targets) }
    let asks = try Asks(targets, roster: roster, hostLimit: settings.hostLimit)
    prepare(asks)
    let context = CallContext(
      deadline: settings.agentDeadline(start: start, timeout: timeout), requestID: options.requestID,
      principal: options.principal, importance: asks.asks.count > settings.width ? .batch : .interactive)
    let fanOut = FanOut(
      count: asks.asks.count, width: settings.width, deadline: deadline, gate: gate, progress: options.progress)
    let outcomes = await fanOut.run { [directory] index in
      let host = asks.host(index)
      do {
        try await directory.ask(host, kind, .read, context) { attempt in
          try await operation(
            HostCall(
              index: index, count: asks.asks.count, alias: host.id.alias, path: asks.asks[index].path, attempt: attempt)
          )
        }
      } catch {
        if let error = error as? AgentError { options.failed?(host.name, error) }
        throw error
      }
    }
    return sort(outcomes, asks, timeout: timeout)
  }

  private func checkedTimeout(_ options: CallOptions) throws(TargetError) -> Duration {
    let timeout = options.timeout ?? settings.timeout
    let bounds = settings.timeoutBounds
    guard bounds.contains(timeout) else {
      throw TargetError(
        "timeout_ms must be \(bounds.lowerBound.wholeMilliseconds)-\(bounds.upperBound.wholeMilliseconds), got \(timeout.wholeMilliseconds)"
      )
    }
    return timeout
  }

  /// Names that are all known need not wait for agents that are not; patterns do.
  private static func suffices(_ roster: Roster, for targets: [Target]) -> Bool {
    targets.allSatisfy { target in
      guard target.hosts.exactName != nil, case .success = roster.select(target.hosts) else { return false }
      return true
    }
  }

  private func sort<Value: Sendable>(
    _ outcomes: [FanOut.Outcome<Value>], _ asks: Asks, timeout: Duration
  ) -> Asked<Value> {
    var asked = Asked<Value>(asks: asks)
    asked.answers.reserveCapacity(outcomes.count)
    for (index, outcome) in outcomes.enumerated() {
      let error: AgentError
      switch outcome {
      case .answered(let value):
        asked.answers.append((index, value))
        continue
      case .failed(let failure): error = failure
      case .unanswered(let started): error = Self.unanswered(started: started, timeout: timeout)
      case .cancelled:
        error = AgentError(code: .cancelled, message: "The call was cancelled before this host answered.")
      }
      let host = asks.host(index)
      let path = asks.severalPaths ? asks.asks[index].path?.text : nil
      asked.failures.append(
        HostFailure(host: host.name, path: path, error, usualMS: directory.usualMS(host, phase: error.phase)))
    }
    asked.failures += asks.failures
    return asked
  }

  private static func unanswered(started: Bool, timeout: Duration) -> AgentError {
    let limit = "\(timeout.wholeMilliseconds) ms"
    return AgentError(
      code: .timeout,
      message: started
        ? "No answer within the call's \(limit). Try this host alone, or with a larger timeout_ms."
        : "The call's \(limit) passed before this host's turn came. Ask fewer hosts at once, or give a larger timeout_ms.",
      phase: started ? "operation" : "queue", elapsed: timeout, mayHaveRun: started)
  }
}
