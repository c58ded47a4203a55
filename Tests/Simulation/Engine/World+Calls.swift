import Routing

/// The coordinators' side: requests that come, and whoever decides about them.
extension World {
  func arrive() {
    let number = calls.count
    let host =
      scenario.deadHostShare > 0 && draws.unit(number, 1) < scenario.deadHostShare
      ? 0 : popularity.host(draws.unit(number, 2))
    let coordinator = Int(draws.unit(number, 3) * Double(scenario.coordinators))
    let kind = draws.unit(number, 4)
    let requestClass: RequestClass =
      kind < scenario.effectShare
      ? .effect : kind < scenario.effectShare + scenario.writeShare ? .idempotentWrite : .read
    let deadline = now.advanced(bySeconds: scenario.deadline)
    calls.append(
      SimulatedCall(
        number: number, host: host, coordinator: coordinator, requestClass: requestClass, started: now,
        deadline: deadline))
    if isInWindow { measure.requests += 1 }
    measure.begunOverTime[measure.place(seconds)] += 1
    if policy.isOurs {
      let owner = coordinators[coordinator]
      calls[number].machine = CallMachine(
        host: owner.hosts[host], requestClass == .read ? .read : .write, requestClass, deadline: deadline)
      act(number) { $0.started(&$1, now: $2) }
    } else {
      startBaseline(number)
    }
    let next = now.advanced(bySeconds: draws.pause(rate: scenario.rate))
    if next < at(scenario.duration) { events.schedule(.arrival, at: next) }
  }

  /// Gives the machine an event and does what it says.
  func act(_ call: Int, _ event: (inout CallMachine, inout Router, Timestamp) -> CallActions) {
    guard var machine = calls[call].machine else { return }
    let actions = event(&machine, &coordinators[calls[call].coordinator].router, now)
    calls[call].machine = machine
    for action in actions.list { perform(action, call) }
    setWake(call, actions.wake)
  }

  private func perform(_ action: CallAction, _ call: Int) {
    if calls[call].completions > 0 { measure.violate("call \(call) goes on after its end") }
    switch action {
    case .start(let order):
      check(order, call)
      send(call, order.number, agent: order.agent)
    case .cancel(let number):
      cancel(calls[call][number])
      calls[call][number] = -1
    case .askStatus(let agent, let number, _):
      askStatus(call, number, agent)
    case .complete(let result):
      if case .answered = result { complete(call, isAnswered: true) } else { complete(call, isAnswered: false) }
    }
  }

  /// What holds of every attempt that is made. "At most two attempts" means at once: the first or a retry, and one hedge beside it.
  /// In all there are at most four, since a class has two retries at most and there is one hedge.
  private func check(_ order: AttemptOrder, _ call: Int) {
    if agents[order.agent].isDraining, order.purpose != .attach {
      measure.violate("draining agent \(order.agent) picked")
    }
    if order.number >= 4 { measure.violate("call \(call) made \(order.number + 1) attempts") }
    let underWay = (0..<4).count { calls[call][$0] >= 0 }
    // This one is about to be made.
    if underWay >= 2 { measure.violate("call \(call) has \(underWay + 1) attempts at once") }
    if now >= calls[call].deadline { measure.violate("call \(call) runs past its deadline") }
  }

  func complete(_ call: Int, isAnswered: Bool) {
    calls[call].completions += 1
    calls[call].wake = nil
    if calls[call].completions > 1 { measure.violate("call \(call) completed twice") }
    if policy.isOurs, now > calls[call].deadline { measure.violate("call \(call) ended after its deadline") }
    let latency = now.seconds(since: calls[call].started)
    let began = Double(calls[call].started.nanoseconds) * 1e-9
    log(UInt64(call) << 1 | (isAnswered ? 1 : 0))
    if isAnswered { measure.answeredOverTime[measure.place(began)] += 1 }
    if isAnswered, began >= 5, began < scenario.window.lowerBound { measure.latenciesBefore.append(latency) }
    if scenario.hanging != nil { countHanging(call, began: began, latency: latency, isAnswered: isAnswered) }
    guard scenario.window.contains(began) else { return }
    if isAnswered {
      measure.latencies.append(latency)
      if latency <= 1 { measure.prompt += 1 }
    } else {
      measure.errors += 1
    }
  }

  /// It takes three failures, each as long as an attempt's timeout or the deadline, until a host is known to hang.
  private func countHanging(_ call: Int, began: Double, latency: Double, isAnswered: Bool) {
    guard scenario.hanging?.contains(calls[call].host) == true else {
      if !isAnswered { measure.otherErrors += 1 }
      return
    }
    guard scenario.hangs(host: calls[call].host, at: began), began >= scenario.hangsFrom + 2 * scenario.deadline else {
      return
    }
    measure.hangingEnded(after: latency)
  }

  func setWake(_ call: Int, _ wake: Timestamp?) {
    calls[call].wake = wake
    guard let wake else { return }
    if let scheduled = calls[call].scheduled, scheduled <= wake { return }
    calls[call].scheduled = wake
    events.schedule(.callTimer(call), at: wake)
  }

  func callTimerDue(_ call: Int) {
    if let scheduled = calls[call].scheduled, scheduled <= now { calls[call].scheduled = nil }
    guard let wake = calls[call].wake else { return }
    guard wake <= now else {
      setWake(call, wake)
      return
    }
    if policy.isOurs {
      act(call) { $0.timerFired(&$1, now: $2) }
    } else {
      baselineTimerDue(call)
    }
  }

  func statusDue(_ call: Int, _ number: Int, _ status: RequestStatus?) {
    act(call) { $0.statusAnswered(number, status, &$1, now: $2) }
  }

  private func askStatus(_ call: Int, _ number: Int, _ agent: Int) {
    guard agents[agent].isThere, !agents[agent].isHung else { return }
    let status: RequestStatus = agents[agent].journal[call].map { $0 ? .done : .running } ?? .absent
    events.schedule(.status(call: call, number: number, status), at: now.advanced(bySeconds: 0.002))
  }

  /// An attempt's end reaches its coordinator.
  func deliver(_ attempt: SimulatedAttempt) {
    let owner = coordinators[attempt.coordinator]
    if let probe = attempt.probe {
      switch attempt.reply {
      case .answered(let timings): owner.router.attemptEnded(probe, .answered(timings), now: now)
      case .failed(let failure): owner.router.attemptEnded(probe, Self.outcome(failure), now: now)
      }
      return
    }
    calls[attempt.call][attempt.number] = -1
    guard policy.isOurs else {
      baselineReply(attempt)
      return
    }
    switch attempt.reply {
    case .answered(let timings): act(attempt.call) { $0.attemptAnswered(attempt.number, timings, &$1, now: $2) }
    case .failed(let failure): act(attempt.call) { $0.attemptFailed(attempt.number, failure, &$1, now: $2) }
    }
  }

  private static func outcome(_ failure: AttemptFailure) -> AttemptOutcome {
    switch failure.kind {
    case .agent: .agentFailed
    case .host(let reason): .hostFailed(reason: reason, failure.timings)
    case .shed: .shed
    case .late: .outOfTime
    case .unprocessed: .unprocessed
    }
  }
}
