/// Attempts of a call: launched, dropped, hedged, given up.
extension CallMachine {
  mutating func launch(
    _ choice: RouteChoice, _ purpose: AttemptOrder.Purpose, _ router: inout Router, _ out: inout CallActions,
    now: Timestamp
  ) {
    let remaining = deadline.seconds(since: now)
    // What is not repeatable is not given up early, and neither is what nobody else could do better: its agent's silence
    // ends it, or the deadline.
    let isReplaceable = requestClass.isRepeatable && choice.runnerUp != nil
    let timeout = isReplaceable ? min(choice.timeout, remaining) : remaining
    let attempt = router.attemptStarted(choice, timeout: choice.timeout, isFurther: purpose != .first, now: now)
    let flight = Flight(
      number: attempts, attempt: attempt, agent: choice.agent, isWarm: choice.cost.isWarm,
      timeoutAt: timeout < remaining ? now.advanced(bySeconds: timeout) : nil)
    attempts += 1
    trail.insert(choice.agent)
    lastAgent = choice.agent
    out.append(
      .start(
        AttemptOrder(
          number: flight.number, agent: flight.agent, purpose: purpose, timeout: .seconds(timeout),
          remaining: now.duration(to: deadline), isWarm: flight.isWarm)))
    if case .running(let first, nil) = state {
      state = .running(first, flight)
    } else {
      state = .running(flight, nil)
    }
  }

  /// Ends an attempt that is no longer wanted.
  mutating func drop(
    _ flight: Flight, _ outcome: AttemptOutcome, _ router: inout Router, _ out: inout CallActions, now: Timestamp
  ) {
    router.attemptEnded(flight.attempt, outcome, now: now)
    out.append(.cancel(attempt: flight.number))
  }

  /// Takes an attempt that has ended out of the state; nil where it is not under way. With none left, the state is the
  /// caller's to set.
  mutating func land(_ number: Int) -> Flight? {
    guard case .running(let first, let second) = state else { return nil }
    if first.number == number {
      if let second { state = .running(second, nil) }
      return first
    }
    guard let second, second.number == number else { return nil }
    state = .running(first, nil)
    return second
  }

  mutating func runningTimerFired(_ router: inout Router, _ out: inout CallActions, now: Timestamp) {
    guard case .running(let first, let second) = state else { return }
    for flight in [first, second] {
      guard let flight, let due = flight.timeoutAt, due <= now, land(flight.number) != nil else { continue }
      drop(flight, .timedOut, &router, &out, now: now)
      proceed(after: flight, .timedOut, AttemptFailure(.agent, mayHaveRun: true), &router, &out, now: now)
    }
    if let hedgeAt, hedgeAt <= now { hedge(&router, &out, now: now) }
  }

  /// The second attempt, on another agent, if it can help and the budgets pay for it.
  private mutating func hedge(_ router: inout Router, _ out: inout CallActions, now: Timestamp) {
    hedgeAt = nil
    guard case .running(let first, nil) = state, !first.isAccepted else { return }
    guard let other = try? router.pick(host, operation, trail: trail, isHedge: true, now: now) else { return }
    let remaining = deadline.seconds(since: now)
    if let normal = router.normalLatency(agent: other.agent, operation), remaining < normal.median { return }
    if let connect = other.cost.connect {
      // To connect takes longer than has been waited so far: wait as long first. Instants are compared, not seconds: a
      // rounded one would be early for ever.
      let worthwhile = began.advanced(bySeconds: connect)
      guard worthwhile <= now else {
        hedgeAt = worthwhile
        return
      }
    }
    guard router.spendHedge(now: now) else { return }
    launch(other, .hedge, &router, &out, now: now)
  }

  mutating func deadlinePassed(_ router: inout Router, _ out: inout CallActions, now: Timestamp) {
    end(.deadline, .outOfTime, &router, &out, now: now)
  }

  /// Ends the call from outside, with whatever is under way.
  mutating func end(
    _ reason: CallFailure.Reason, _ outcome: AttemptOutcome, _ router: inout Router, _ out: inout CallActions,
    now: Timestamp
  ) {
    switch state {
    case .done: return
    case .running(let first, let second):
      mayHaveRun = true
      let phase = phase
      drop(first, outcome, &router, &out, now: now)
      if let second { drop(second, outcome, &router, &out, now: now) }
      fail(reason, during: phase, &out, router, now: now)
    case .ready, .pausing, .asking:
      fail(reason, &out, router, now: now)
    }
  }

  var phase: CallFailure.Phase {
    switch state {
    case .ready, .done: .choosing
    case .running(let first, _): first.isWarm || first.isAccepted ? .waiting : .connecting
    case .pausing: .pausing
    case .asking: .askingStatus
    }
  }

  mutating func fail(
    _ reason: CallFailure.Reason, during phase: CallFailure.Phase? = nil, _ out: inout CallActions,
    _ router: borrowing Router, now: Timestamp
  ) {
    let failure = CallFailure(
      reason: reason, phase: phase ?? self.phase, mayHaveRun: mayHaveRun, attempts: attempts, agent: lastAgent,
      elapsed: began.duration(to: now), normal: lastAgent.flatMap { router.normalLatency(agent: $0, operation) })
    complete(.failed(failure), &out)
  }

  mutating func complete(_ result: CallResult, _ out: inout CallActions) {
    if case .done = state { return }
    state = .done
    hedgeAt = nil
    out.append(.complete(result))
  }

  /// Ends every event: when the machine wants to be woken next.
  func finish(_ out: inout CallActions) -> CallActions {
    switch state {
    case .ready, .done: return out
    case .running(let first, let second):
      var wake = deadline
      if let hedgeAt { wake = min(wake, hedgeAt) }
      if let due = first.timeoutAt { wake = min(wake, due) }
      if let due = second?.timeoutAt { wake = min(wake, due) }
      out.wake = wake
    case .pausing(let until), .asking(_, _, let until, _):
      out.wake = min(deadline, until)
    }
    return out
  }
}
