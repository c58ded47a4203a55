import AgentAPI
import EventLoopTasks
import Routing
import Synchronization

/// What asking one agent needs: one attempt of a call. A value.
struct HostAttempt: Sendable {
  let service: any AgentService
  let context: CallContext
  private let gate: AnswerGate
  private let number: Int

  init(service: any AgentService, context: CallContext, number: Int = 0, gate: AnswerGate = AnswerGate()) {
    self.service = service
    self.context = context
    self.number = number
    self.gate = gate
  }

  /// Every message of the answer is taken within this: `AnswerGate.take`.
  func take(_ body: (_ isFirst: Bool) throws -> Void) throws { try gate.take(number, body) }
}

/// One request to a host that several agents reach: drives a `CallMachine`. Confined to the task that runs it.
struct RoutedCall {
  typealias Attempt = @Sendable (HostAttempt) async throws -> CallTimings

  private enum Event: Sendable {
    case accepted(Int)
    case ended(Int, Result<CallTimings, AgentError>)
    case due
    case agentDead(Int)
    case cancelled
  }

  private let router: CallRouter
  private let host: RosterHost
  private let context: CallContext
  private let attempt: Attempt
  private let mailbox = Mailbox<Event>()
  private let gate: AnswerGate
  private var machine: CallMachine
  private var scopes: [Int: (agent: Int, scope: CallScope)] = [:]
  /// How the attempts that have ended came out.
  private var endings: [Int: Result<CallTimings, AgentError>] = [:]
  private var timer: CallScope?
  private var result: CallResult?

  init?(
    _ host: RosterHost, _ operation: OperationKind, _ requestClass: RequestClass, _ context: CallContext,
    router: CallRouter, attempt: @escaping Attempt
  ) {
    let name = CallRouter.name(host.id)
    guard let index = router.decide({ router, _ in router.host(named: name) }) else { return nil }
    self.router = router
    self.host = host
    self.context = context
    self.attempt = attempt
    // An agent's own word about its deadline is better than ours: it gets a moment to come.
    let deadline = router.timestamp(context.deadline + .milliseconds(50))
    machine = CallMachine(host: index, operation, requestClass, deadline: deadline)
    let mailbox = mailbox
    gate = AnswerGate { mailbox.put(.accepted($0)) }
  }

  /// - Throws: `AgentError`.
  func run() async throws {
    var call = self
    let mailbox = mailbox
    let listener = router.listen { mailbox.put(.agentDead($0)) }
    defer { router.stopListening(listener) }
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        call.step(&group) { $0.started(&$1, now: $2) }
        while call.result == nil { await call.take(mailbox.next(), &group) }
        for (_, scope) in call.scopes.values { scope.cancel() }
        call.timer?.cancel()
      }
    } onCancel: {
      mailbox.put(.cancelled)
    }
    try call.outcome()
  }

  private mutating func take(_ event: Event, _ group: inout DiscardingTaskGroup) {
    switch event {
    case .accepted(let number):
      step(&group) { $0.attemptAccepted(number, &$1, now: $2) }
    case .ended(let number, let ending):
      // What was dropped or given up still ends, and says nothing any more.
      guard let (agent, _) = scopes.removeValue(forKey: number) else { return }
      endings[number] = ending
      if case .failure = ending { gate.close(number) }
      switch ending {
      case .success(let timings):
        step(&group) { $0.attemptAnswered(number, AttemptTimings(timings), &$1, now: $2) }
      case .failure(let error) where error.scope == .request && error.code != .cancelled:
        step(&group) { $0.attemptAnswered(number, AttemptTimings(), &$1, now: $2) }
      case .failure(let error):
        var failure = AttemptFailure(error)
        if error.isOfDrain { router.decide { router, _ in router.drainingBegan(agent) } }
        if case .host = failure.kind { router.hostFailed(CallRouter.name(host.id), error) }
        // Another agent may reach a host that this one cannot; a wrong key stays wrong.
        if !error.mayBeTheWay { failure.pushback = .never }
        step(&group) { $0.attemptFailed(number, failure, &$1, now: $2) }
      }
    case .due:
      step(&group) { $0.timerFired(&$1, now: $2) }
    case .agentDead(let agent):
      for (number, flight) in scopes where flight.agent == agent {
        flight.scope.cancel()
        scopes[number] = nil
        gate.close(number)
        endings[number] = .failure(.agentSilent(router.links[agent].name))
        step(&group) { $0.attemptFailed(number, AttemptFailure(.agent, mayHaveRun: true), &$1, now: $2) }
      }
    case .cancelled:
      step(&group) { $0.callerCancelled(&$1, now: $2) }
    }
  }

  /// One event for the machine, and what it wants done.
  private mutating func step(
    _ group: inout DiscardingTaskGroup, _ event: (inout CallMachine, inout Router, Timestamp) -> CallActions
  ) {
    let actions = router.decide { router, now in event(&machine, &router, now) }
    for action in actions.list {
      switch action {
      case .start(let order): start(order, &group)
      case .cancel(let number):
        gate.close(number)
        scopes.removeValue(forKey: number)?.scope.cancel()
      case .askStatus(_, let number, _):
        // Only commands with effects are asked about, and none is routed yet.
        let unknown = router.decide { router, now in machine.statusAnswered(number, nil, &router, now: now) }
        for case .complete(let result) in unknown.list { self.result = result }
      case .complete(let result): self.result = result
      }
    }
    timer?.cancel()
    timer = nil
    if let wake = actions.wake, result == nil { arm(router.instant(wake), &group) }
  }

  private mutating func start(_ order: AttemptOrder, _ group: inout DiscardingTaskGroup) {
    let scope = CallScope()
    scopes[order.number] = (order.agent, scope)
    let (attempt, mailbox, number) = (attempt, mailbox, order.number)
    var context = context
    if order.purpose == .hedge { context.importance = .hedge }
    let wanted = HostAttempt(
      service: router.links[order.agent].service, context: context, number: number, gate: gate)
    group.addTask {
      await scope.run {
        do {
          mailbox.put(.ended(number, .success(try await attempt(wanted))))
        } catch {
          mailbox.put(.ended(number, .failure(AgentError(routing: error))))
        }
      }
    }
  }

  private mutating func arm(_ instant: ContinuousClock.Instant, _ group: inout DiscardingTaskGroup) {
    let (scope, mailbox) = (CallScope(), mailbox)
    timer = scope
    group.addTask {
      await scope.run {
        await ContinuousClock.wait(until: instant)
        if !Task.isCancelled { mailbox.put(.due) }
      }
    }
  }

  private func outcome() throws {
    switch result {
    case .answered(let number, _)?: _ = try endings[number]?.get()
    case .failed(let failure)?:
      throw AgentError(
        failure,
        last: endings.max { $0.key < $1.key }.flatMap { if case .failure(let error) = $0.value { error } else { nil } },
        hostError: router.lastError(of: CallRouter.name(host.id)), agent: failure.agent.map { router.links[$0].name })
    case nil: throw AgentError(code: .internal, message: "The call ended without a result. Please report this.")
    }
  }
}
