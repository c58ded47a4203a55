import AgentAPI
import Routing

extension AgentDirectory {
  /// Asks a host through the agent that serves it best; a slow or failing agent is helped out by another.
  ///
  /// - Parameter attempt: asks one agent. Called again for a retry, and beside itself for a hedge: `HostAttempt.take` keeps their
  ///   answers apart.
  /// - Throws: `AgentError`, and what `attempt` throws of its own where one agent alone reaches the host.
  func ask(
    _ host: RosterHost, _ operation: OperationKind, _ requestClass: RequestClass, _ context: CallContext,
    attempt: @escaping RoutedCall.Attempt
  ) async throws {
    guard host.agents.count > 1,
      let call = RoutedCall(host, operation, requestClass, context, router: router, attempt: attempt)
    else { return try await askDirectly(host.agents[0], host, operation, requestClass, context, attempt) }
    do {
      try await call.run()
    } catch let error as AgentError
      where error.code == .unreachable && error.scope == .agent && (error.phase == "routing" || error.isOfDrain)
    {
      // Nobody seems to be there: the first one's link may be coming up, and if it is not, it knows why. One that drains is not asked.
      guard let agent = host.agents.first(where: { !isDraining($0) && !router.isDraining($0) }) else { throw error }
      try await askDirectly(agent, host, operation, requestClass, context, attempt)
    }
  }

  /// The agent that would be asked now, for what is too large to be asked for twice.
  func link(for host: RosterHost) -> AgentLink {
    let chosen = router.explain(host.id)?.chosen?.agent
    return links[chosen ?? host.agents.first { !isDraining($0) } ?? host.agents[0]]
  }

  private func askDirectly(
    _ agent: Int, _ host: RosterHost, _ operation: OperationKind, _ requestClass: RequestClass,
    _ context: CallContext, _ attempt: RoutedCall.Attempt
  ) async throws {
    let told = DirectAttempt(agent, host, operation, router: router)
    let gate = AnswerGate { _ in told.accepted() }
    var sheds = 0
    var loss: AgentError?
    while true {
      // The answer begins anew where the link was lost in the middle of it.
      let number = loss == nil ? 0 : 1
      do {
        return try await told.run {
          try await attempt(HostAttempt(service: links[agent].service, context: context, number: number, gate: gate))
        }
      } catch let error as AgentError where error.isShed && !Task.isCancelled {
        // Nobody else can be asked: the request waits here, for as long as the agent says and longer each time.
        let pause = ShedPause.before(sheds, wish: error.retryAfter ?? .zero, spread: .random(in: 0.8...1.2))
        guard ContinuousClock.now + pause < context.deadline else { throw error }
        try await Task.sleep(for: pause)
        sheds += 1
      } catch let error as AgentError where loss == nil && error.isLossOfLink && requestClass == .read {
        // What only looks may be asked for once more, over the next connection.
        guard !Task.isCancelled, ContinuousClock.now < context.deadline else { throw error }
        gate.close(number)
        loss = error
      } catch let error as AgentError where error.isOfLink {
        throw loss ?? error
      }
    }
  }
}

extension AgentError {
  /// Its agent takes nothing new.
  var isOfDrain: Bool { code == .unreachable && scope == .agent && phase == "drain" }
  /// In the middle of the request.
  fileprivate var isLossOfLink: Bool { scope == .agent && code == .lost }
  /// Or before it.
  fileprivate var isOfLink: Bool { scope == .agent && (code == .lost || code == .unreachable) }
}
