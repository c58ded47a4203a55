/// Attempts that begin and end, and what is learned of them.
extension Router {
  /// A call began: the budgets grow by its share.
  package mutating func callStarted(now: Timestamp) {
    counters.calls += 1
    lastCall = now
    retryBudget.callStarted(now: now)
    hedgeBudget.callStarted()
  }

  /// Whether a retry can be afforded; if so it is paid for.
  package mutating func spendRetry(now: Timestamp) -> Bool {
    guard retryBudget.spend(now: now) else {
      counters.refusedByBudget += 1
      return false
    }
    counters.retries += 1
    return true
  }

  /// Whether a hedge can be afforded; if so it is paid for, from both budgets.
  package mutating func spendHedge(now: Timestamp) -> Bool {
    guard hedgeBudget.allows, retryBudget.spend(now: now) else {
      counters.refusedByBudget += 1
      return false
    }
    hedgeBudget.spend()
    counters.hedges += 1
    return true
  }

  /// An attempt goes out as chosen.
  ///
  /// - Parameter timeout: what it was granted; seconds.
  /// - Parameter isFurther: a retry or hedge.
  package mutating func attemptStarted(
    _ choice: RouteChoice, timeout: Double? = nil, isFurther: Bool = false, now: Timestamp
  ) -> AttemptID {
    begin(
      agent: choice.agent, choice.host, choice.operation, timeout: timeout ?? choice.timeout,
      isWarm: choice.cost.isWarm,
      isFurther: isFurther, isProbe: false, now: now)
  }

  mutating func begin(
    agent: Int, _ host: HostIndex, _ operation: OperationKind, timeout: Double, isWarm: Bool, isFurther: Bool,
    isProbe: Bool, now: Timestamp
  ) -> AttemptID {
    var attempt = AttemptTable.Attempt()
    attempt.agent = Int32(agent)
    attempt.host = host
    attempt.operation = operation
    attempt.isProbe = isProbe
    attempt.isFurther = isFurther
    attempt.isWarm = isWarm
    attempt.started = now
    attempt.timeout = timeout
    agents[agent].inFlight += 1
    if isProbe {
      counters.probes += 1
    } else {
      agents[agent].lastUsed = now
      agents[agent].begun += 1
    }
    counters.attempts += 1
    return attempts.insert(attempt)
  }

  /// The agent accepted a command, or an answer's first part came: what follows is not waited for in the estimates.
  package mutating func attemptAccepted(_ id: AttemptID, now: Timestamp) {
    guard let attempt = attempts[id], !attempt.isAccepted else { return }
    attempts.accept(id)
    let agent = Int(attempt.agent)
    // What its connection took is told with the answer; until then the usual price is taken off.
    let connect = attempt.isWarm ? 0 : agents[agent].connect ?? settings.connectPrior.inSeconds
    let elapsed = max(0, now.seconds(since: attempt.started) - connect)
    profiles[profileIndex(zone: agents[agent].zone, attempt.operation)].answered(
      elapsed, host: 0, isSole: !attempt.isFurther, now: now)
    agents[agent].latency.record(elapsed, now: now, tau: tau)
  }

  /// An attempt ended. Nothing happens if it had ended before.
  package mutating func attemptEnded(_ id: AttemptID, _ outcome: AttemptOutcome, now: Timestamp) {
    guard let attempt = attempts.remove(id) else { return }
    let agent = Int(attempt.agent)
    agents[agent].inFlight -= 1
    let elapsed = now.seconds(since: attempt.started)
    if outcome == .timedOut, !attempt.isProbe, agents[agent].wasAtWork(beside: attempt) {
      return hostTimedOut(attempt, elapsed: elapsed, now: now)
    }
    if !attempt.isAccepted { learn(outcome, of: attempt, elapsed: elapsed, now: now) }
    // Told with the answer, so that also an attempt whose time was taken when it was accepted speaks of it.
    if case .answered(let timings) = outcome, timings.connect.inSeconds > 0 {
      connects[agents[agent].zone].answered(timings.connect.inSeconds, host: 0, isSole: true, now: now)
    }
    judge(outcome, of: attempt, now: now)
    remember(outcome, of: attempt, now: now)
    if attempt.isProbe { probeEnded(attempt, outcome, elapsed: elapsed, now: now) }
  }

  /// The agent answered others meanwhile, so it is the host that hangs.
  private mutating func hostTimedOut(_ attempt: AttemptTable.Attempt, elapsed: Double, now: Timestamp) {
    counters.hostTimeouts += 1
    agents[Int(attempt.agent)].timedOut(at: attempt.host)
    guard isCurrent(attempt.host) else { return }
    hosts[Int(attempt.host.position)].breaker.failed(
      "No answer within \(Int((elapsed * 1000).rounded())) ms, while others were answered", started: attempt.started,
      now: now, random: &random)
  }

  /// Latencies.
  private mutating func learn(
    _ outcome: AttemptOutcome, of attempt: AttemptTable.Attempt, elapsed: Double, now: Timestamp
  ) {
    let agent = Int(attempt.agent)
    let profile = profileIndex(zone: agents[agent].zone, attempt.operation)
    switch outcome {
    case .answered(let timings):
      let connect = timings.connect.inSeconds
      if !attempt.isProbe {
        profiles[profile].answered(
          max(0, elapsed - connect), host: timings.host.inSeconds, isSole: !attempt.isFurther, now: now)
      }
    case .lostToOther:
      profiles[profile].cancelledAsLoser(after: elapsed, now: now)
    case .timedOut:
      profiles[profile].timedOut()
    case .hostFailed, .agentFailed, .shed, .unprocessed, .outOfTime, .abandoned:
      break
    }
    let estimate = agents[agent].latency.value(now: now, tau: tau)
    if let sample = LatencySample.seconds(outcome, elapsed: elapsed, timeout: attempt.timeout, estimate: estimate) {
      agents[agent].latency.record(sample, now: now, tau: tau)
    }
  }

  /// Breakers and budgets.
  private mutating func judge(_ outcome: AttemptOutcome, of attempt: AttemptTable.Attempt, now: Timestamp) {
    let agent = Int(attempt.agent)
    let wasClosed = agents[agent].breaker.isClosed
    switch outcome {
    case .answered, .hostFailed:
      agents[agent].answered(started: attempt.started, now: now)
      agents[agent].breaker.succeeded(started: attempt.started, now: now)
      agents[agent].shedding.answered(now: now)
    case .agentFailed:
      agents[agent].breaker.failed(started: attempt.started, now: now, random: &random)
    case .timedOut:
      // Nobody says whether the agent hangs or the host, for it was asked nothing else that it answered. One host may hang
      // as often as it likes; a second one is the agent's doing.
      if attempt.isProbe || agents[agent].timedOut.last != attempt.host {
        agents[agent].breaker.failed(started: attempt.started, now: now, random: &random)
      }
      agents[agent].timedOut(at: attempt.host)
      agents[agent].shedding.shed(now: now)
      retryBudget.overloadSeen(now: now)
    case .shed:
      agents[agent].shedding.shed(now: now)
      if !mostAreShedding(now) {
        agents[agent].breaker.shed(started: attempt.started, now: now, random: &random)
      }
      retryBudget.overloadSeen(now: now)
    case .unprocessed, .lostToOther, .outOfTime, .abandoned:
      break
    }
    if wasClosed, !agents[agent].breaker.isClosed { counters.ejections += 1 }
  }

  /// Too much for the whole fleet: to eject the one that refuses would leave the others with still more.
  private func mostAreShedding(_ now: Timestamp) -> Bool {
    var shedding = 0
    var all = 0
    for agent in agents.indices where agents[agent].isPresent && agents[agent].isLinkUp && !agents[agent].isDraining {
      all += 1
      if agents[agent].shedding.isOn(now: now) { shedding += 1 }
    }
    return shedding * 2 > all
  }

  /// What was learned of the host and of the way to it.
  private mutating func remember(_ outcome: AttemptOutcome, of attempt: AttemptTable.Attempt, now: Timestamp) {
    guard isCurrent(attempt.host) else { return }
    let agent = Int(attempt.agent)
    let position = Int(attempt.host.position)
    switch outcome {
    case .answered(let timings):
      hosts[position].breaker.succeeded()
      agents[agent].reached(attempt.host)
      guard let route = route(of: agent, to: attempt.host) else { return }
      hosts[position].routes[route].isWarm = true
      let connect = timings.connect.inSeconds
      guard connect > 0 else { return }
      let known = hosts[position].routes[route].connect
      let isUsual = known > 0 && known < Route.failedPenalty
      hosts[position].routes[route].connect = isUsual ? known + (Float(connect) - known) * 0.3 : Float(connect)
      agents[agent].connect = agents[agent].connect.map { $0 + (connect - $0) * 0.1 } ?? connect
    case .hostFailed(let reason, _):
      hosts[position].breaker.failed(reason, started: attempt.started, now: now, random: &random)
      guard let route = route(of: agent, to: attempt.host) else { return }
      hosts[position].routes[route].isWarm = false
      hosts[position].routes[route].connect = Route.failedPenalty
    case .agentFailed, .timedOut, .shed, .unprocessed, .lostToOther, .outOfTime, .abandoned:
      break
    }
  }
}
