/// One request to one host, from its beginning to its one answer: attempts, a hedge, retries, and the question what became
/// of it. A value with one owner; every event takes the router, which holds the budgets, and `now`.
///
/// At most two attempts are under way at once and at most four are made: one, one hedge, two retries. The driver calls one
/// method per event and does what it returns; events that come late or twice are ignored.
package struct CallMachine: Sendable {
  enum State: Sendable {
    /// Can transition to: running, done.
    case ready
    /// One or two attempts are under way. Can transition to: pausing, asking, done.
    case running(Flight, Flight?)
    /// Can transition to: running, done.
    case pausing(until: Timestamp)
    /// An agent was asked what became of the attempt; `failure` is how that ended. Can transition to: running, pausing,
    /// done.
    case asking(agent: Int, attempt: Int, until: Timestamp, failure: CallFailure.Reason)
    case done
  }

  package let host: HostIndex
  package let operation: OperationKind
  package let requestClass: RequestClass
  package let deadline: Timestamp

  var state = State.ready
  var began = Timestamp.zero
  var trail = AgentTrail()
  var lastAgent: Int?
  package internal(set) var attempts = 0
  var retries = 0
  /// When a second attempt may be made; nil: not, or no more.
  var hedgeAt: Timestamp?
  /// An attempt ended of which nobody knows whether it ran.
  var mayHaveRun = false
  /// Its last attempt's failure, for when no further one can be made.
  var lastReason: CallFailure.Reason?

  package init(host: HostIndex, _ operation: OperationKind, _ requestClass: RequestClass, deadline: Timestamp) {
    self.host = host
    self.operation = operation
    self.requestClass = requestClass
    self.deadline = deadline
  }

  package var isDone: Bool {
    if case .done = state { true } else { false }
  }

  /// Attempts under way.
  package var underWay: Int {
    if case .running(_, let second) = state { second == nil ? 1 : 2 } else { 0 }
  }

  /// One attempt under way. A value.
  struct Flight: Sendable {
    let number: Int
    let attempt: AttemptID
    let agent: Int
    let isWarm: Bool
    /// nil: only the call's deadline ends it.
    var timeoutAt: Timestamp?
    var isAccepted = false
  }
}

extension CallMachine {
  // MARK: Events

  /// The first event, once.
  package mutating func started(_ router: inout Router, now: Timestamp) -> CallActions {
    var out = CallActions()
    guard case .ready = state else { return finish(&out) }
    began = now
    router.callStarted(now: now)
    guard now < deadline else {
      fail(.deadline, &out, router, now: now)
      return finish(&out)
    }
    do {
      let choice = try router.pick(host, operation, now: now)
      launch(choice, .first, &router, &out, now: now)
      if requestClass.mayHedge, let delay = choice.hedgeDelay { hedgeAt = now.advanced(bySeconds: delay) }
    } catch {
      fail(.refused(error), &out, router, now: now)
    }
    return finish(&out)
  }

  /// An answer's first part came, or a command was accepted: while it goes on only the deadline ends the attempt, and
  /// nothing takes its place. Where it fails, what is repeatable is made again from its beginning.
  package mutating func attemptAccepted(_ number: Int, _ router: inout Router, now: Timestamp) -> CallActions {
    var out = CallActions()
    guard case .running(var first, let second) = state else { return finish(&out) }
    if second?.number == number, let second {
      drop(first, .lostToOther, &router, &out, now: now)
      first = second
    } else if first.number == number, let second {
      drop(second, .lostToOther, &router, &out, now: now)
    }
    guard first.number == number else { return finish(&out) }
    router.attemptAccepted(first.attempt, now: now)
    first.isAccepted = true
    first.timeoutAt = nil
    hedgeAt = nil
    state = .running(first, nil)
    return finish(&out)
  }

  /// The agent answered, be it that the file does not exist.
  package mutating func attemptAnswered(
    _ number: Int, _ timings: AttemptTimings, _ router: inout Router, now: Timestamp
  ) -> CallActions {
    var out = CallActions()
    guard case .running(let first, let second) = state else { return finish(&out) }
    let winner: Flight
    if first.number == number {
      winner = first
      if let second { drop(second, .lostToOther, &router, &out, now: now) }
    } else if let second, second.number == number {
      winner = second
      drop(first, .lostToOther, &router, &out, now: now)
    } else {
      return finish(&out)
    }
    router.attemptEnded(winner.attempt, .answered(timings), now: now)
    complete(.answered(attempt: number, agent: winner.agent), &out)
    return finish(&out)
  }

  package mutating func attemptFailed(
    _ number: Int, _ failure: AttemptFailure, _ router: inout Router, now: Timestamp
  ) -> CallActions {
    var out = CallActions()
    guard let flight = land(number) else { return finish(&out) }
    router.attemptEnded(flight.attempt, failure.outcome, now: now)
    let reason: CallFailure.Reason =
      switch failure.kind {
      case .agent, .late, .unprocessed: .agentFailed
      case .host(let reason): .hostFailed(reason)
      case .shed:
        if case .after(let pause) = failure.pushback { .shed(retryAfter: pause) } else { .shed(retryAfter: nil) }
      }
    proceed(after: flight, reason, failure, &router, &out, now: now)
    return finish(&out)
  }

  /// - Parameter status: nil where the agent could not be asked.
  package mutating func statusAnswered(
    _ attempt: Int, _ status: RequestStatus?, _ router: inout Router, now: Timestamp
  ) -> CallActions {
    var out = CallActions()
    guard case .asking(let agent, attempt, _, let reason) = state else { return finish(&out) }
    statusLearned(status, agent: agent, reason, &router, &out, now: now)
    return finish(&out)
  }

  /// The instant of the last `wake` has come.
  package mutating func timerFired(_ router: inout Router, now: Timestamp) -> CallActions {
    var out = CallActions()
    if now >= deadline {
      deadlinePassed(&router, &out, now: now)
      return finish(&out)
    }
    switch state {
    case .running: runningTimerFired(&router, &out, now: now)
    case .pausing(let until) where until <= now: retry(&router, &out, now: now)
    case .asking(let agent, _, let until, let reason) where until <= now:
      statusLearned(nil, agent: agent, reason, &router, &out, now: now)
    case .pausing, .asking, .ready, .done: break
    }
    return finish(&out)
  }

  /// The caller no longer wants it. Whether it ran is then unknown, and nobody is told.
  package mutating func callerCancelled(_ router: inout Router, now: Timestamp) -> CallActions {
    var out = CallActions()
    end(.cancelled, .abandoned, &router, &out, now: now)
    return finish(&out)
  }
}
