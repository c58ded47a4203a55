import AgentAPI
import Routing
import Synchronization

/// What routing hears of a request to a host that one agent alone reaches. There is nothing to choose, but what it shows of the agent
/// counts as all others' does: `route` shows it, and hosts that it shares with other agents are routed by it. A failing host is its
/// agent's to remember, which answers for it. Sendable: state behind a lock; one try at a time.
final class DirectAttempt: Sendable {
  private let router: CallRouter
  private let agent: Int
  private let host: RosterHost
  private let operation: OperationKind
  private let current = Mutex<AttemptID?>(nil)

  init(_ agent: Int, _ host: RosterHost, _ operation: OperationKind, router: CallRouter) {
    self.agent = agent
    self.host = host
    self.operation = operation
    self.router = router
  }

  /// Begins a try, and ends it as `body` ends.
  func run(_ body: () async throws -> CallTimings) async throws {
    let attempt = begin()
    current.withLock { $0 = attempt }
    do {
      let timings = try await body()
      end(attempt, .answered(AttemptTimings(timings)))
    } catch {
      end(attempt, Self.outcome(error))
      throw error
    }
  }

  /// The first part of its answer came.
  func accepted() {
    guard let attempt = current.withLock({ $0 }) else { return }
    router.decide { router, now in router.attemptAccepted(attempt, now: now) }
  }

  /// nil where nothing is known of agent or host.
  private func begin() -> AttemptID? {
    let name = CallRouter.name(host.id)
    return router.decide { [agent, operation] router, now in
      guard let index = router.host(named: name), let choice = router.choice(of: agent, index, operation, now: now)
      else { return nil }
      router.callStarted(now: now)
      return router.attemptStarted(choice, now: now)
    }
  }

  private func end(_ attempt: AttemptID?, _ outcome: AttemptOutcome) {
    guard let attempt else { return }
    router.decide { router, now in router.attemptEnded(attempt, outcome, now: now) }
  }

  private static func outcome(_ error: any Error) -> AttemptOutcome {
    guard let error = error as? AgentError, error.code != .cancelled else { return .abandoned }
    if error.scope == .request { return .answered(AttemptTimings()) }
    return switch AttemptFailure(error).kind {
    case .agent: .agentFailed
    case .host: .abandoned
    case .shed: .shed
    case .late: .outOfTime
    case .unprocessed: .unprocessed
    }
  }
}
