/// What follows an attempt that failed.
extension CallMachine {
  mutating func proceed(
    after flight: Flight, _ reason: CallFailure.Reason, _ failure: AttemptFailure, _ router: inout Router,
    _ out: inout CallActions, now: Timestamp
  ) {
    lastReason = reason
    if flight.isAccepted, !requestClass.isRepeatable {
      // It has begun, and nobody can say how far it came.
      mayHaveRun = true
      stopOther(flight, &router, &out, now: now)
      fail(requestClass == .effect ? .lost : reason, during: .waiting, &out, router, now: now)
      return
    }
    // The other attempt goes on alone.
    if case .running(let other, nil) = state, other.number != flight.number { return }
    let isRepeatable = requestClass.isRepeatable || !failure.mayHaveRun
    guard isRepeatable else {
      ask(flight, reason, &router, &out, now: now)
      return
    }
    let isFree = failure.kind == .unprocessed
    again(reason, pushback: failure.pushback, isFree: isFree, &router, &out, now: now)
  }

  private mutating func stopOther(
    _ flight: Flight, _ router: inout Router, _ out: inout CallActions, now: Timestamp
  ) {
    guard case .running(let other, nil) = state, other.number != flight.number else { return }
    drop(other, .abandoned, &router, &out, now: now)
  }

  /// One more attempt after a pause, if the class, the time and the budget allow it; else the call fails.
  ///
  /// - Parameter isFree: it provably never began; it is repeated at once and costs nothing.
  mutating func again(
    _ reason: CallFailure.Reason, pushback: AttemptFailure.Pushback?, isFree: Bool, _ router: inout Router,
    _ out: inout CallActions, now: Timestamp
  ) {
    hedgeAt = nil
    var wish: Duration?
    switch pushback {
    case .never:
      fail(reason, during: .waiting, &out, router, now: now)
      return
    case .after(let pause): wish = pause
    case nil: break
    }
    guard retries < requestClass.retries else {
      fail(reason, during: .waiting, &out, router, now: now)
      return
    }
    let pause = isFree ? 0 : router.retryPause(before: retries + 1, pushback: wish)
    guard deadline.seconds(since: now) > pause, isFree || router.spendRetry(now: now) else {
      fail(reason, during: .waiting, &out, router, now: now)
      return
    }
    retries += 1
    if isFree {
      retry(&router, &out, now: now)
    } else {
      state = .pausing(until: now.advanced(bySeconds: pause))
    }
  }

  mutating func retry(_ router: inout Router, _ out: inout CallActions, now: Timestamp) {
    do {
      let choice = try router.pick(host, operation, trail: trail, now: now)
      if let lastReason, lastReason.isLoad, router.isShedding(choice.agent, now: now) {
        fail(lastReason, &out, router, now: now)
        return
      }
      state = .ready
      launch(choice, .retry, &router, &out, now: now)
    } catch {
      fail(lastReason ?? .refused(error), &out, router, now: now)
    }
  }

  /// What is not simply repeated: its agent is asked what became of it.
  private mutating func ask(
    _ flight: Flight, _ reason: CallFailure.Reason, _ router: inout Router, _ out: inout CallActions, now: Timestamp
  ) {
    hedgeAt = nil
    let limit = min(router.settings.statusTimeout, now.duration(to: deadline))
    switch router.standing(of: flight.agent, now: now) {
    case .usable, .ejected, .draining, .suspect:
      let until = now.advanced(by: limit)
      state = .asking(agent: flight.agent, attempt: flight.number, until: until, failure: reason)
      out.append(.askStatus(agent: flight.agent, attempt: flight.number, timeout: limit))
    case .dead:
      statusLearned(nil, agent: flight.agent, reason, &router, &out, now: now)
    }
  }

  /// - Parameter status: nil: nobody can say.
  mutating func statusLearned(
    _ status: RequestStatus?, agent: Int, _ reason: CallFailure.Reason, _ router: inout Router,
    _ out: inout CallActions, now: Timestamp
  ) {
    switch status {
    case .absent:
      again(reason, pushback: nil, isFree: false, &router, &out, now: now)
    case .running, .done:
      attach(agent, reason, &router, &out, now: now)
    case .unknown, nil:
      mayHaveRun = true
      if requestClass.isRepeatableBlindly {
        again(reason, pushback: nil, isFree: false, &router, &out, now: now)
      } else {
        fail(.lost, during: .askingStatus, &out, router, now: now)
      }
    }
  }

  /// The same id at the same agent: it does not run again there. Counts as a retry.
  private mutating func attach(
    _ agent: Int, _ reason: CallFailure.Reason, _ router: inout Router, _ out: inout CallActions, now: Timestamp
  ) {
    guard retries < requestClass.retries, let choice = router.choice(of: agent, host, operation, now: now) else {
      mayHaveRun = true
      fail(requestClass == .effect ? .lost : reason, during: .askingStatus, &out, router, now: now)
      return
    }
    retries += 1
    state = .ready
    launch(choice, .attach, &router, &out, now: now)
  }
}
