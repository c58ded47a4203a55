import Routing
import Testing

/// One call against a fleet of three, event by event.
@Suite struct CallMachineTests {
  private static func call(
    _ fleet: Fleet, _ requestClass: RequestClass, deadline: Double = 30_000
  ) throws -> CallMachine {
    CallMachine(host: try #require(fleet.host()), .stat, requestClass, deadline: at(deadline))
  }

  private static func order(_ actions: CallActions) -> AttemptOrder? {
    for case .start(let order) in actions.list { return order }
    return nil
  }

  private static func end(_ actions: CallActions) -> CallResult? {
    guard case .complete(let result)? = actions.list.last else { return nil }
    return result
  }

  private static func failure(_ actions: CallActions) -> CallFailure? {
    if case .failed(let failure)? = end(actions) { failure } else { nil }
  }

  @Test func anAnswerEndsIt() throws {
    let fleet = Fleet(agents: 3)
    var call = try Self.call(fleet, .read)
    let started = call.started(&fleet.router, now: at(0))
    let first = try #require(Self.order(started))
    #expect(first.number == 0 && first.purpose == .first && first.remaining == .seconds(30))
    #expect(started.wake != nil)
    let done = call.attemptAnswered(0, AttemptTimings(), &fleet.router, now: at(20))
    #expect(Self.end(done) == .answered(attempt: 0, agent: first.agent))
    #expect(done.wake == nil && call.isDone)
    // Whatever comes later is nothing.
    #expect(value(call.attemptAnswered(0, AttemptTimings(), &fleet.router, now: at(21))).list.isEmpty)
    #expect(value(call.timerFired(&fleet.router, now: at(99_999))).list.isEmpty)
    #expect(value(call.callerCancelled(&fleet.router, now: at(99_999))).list.isEmpty)
    #expect(fleet.underWay == 0)
  }

  @Test func aReadIsRetriedTwiceElsewhereAfterAPause() throws {
    let fleet = Fleet(agents: 3)
    var call = try Self.call(fleet, .read)
    var agents: Set<Int> = []
    agents.insert(try #require(Self.order(value(call.started(&fleet.router, now: at(0))))).agent)
    var now = 1.0
    for number in 0..<2 {
      let failed = call.attemptFailed(number, AttemptFailure(.agent, mayHaveRun: true), &fleet.router, now: at(now))
      #expect(failed.list.isEmpty)
      let wake = try #require(failed.wake)
      #expect(wake.seconds(since: at(now)) >= 0.079 * Double(number + 1))
      let retry = try #require(Self.order(value(call.timerFired(&fleet.router, now: wake))))
      #expect(retry.purpose == .retry && retry.number == number + 1)
      #expect(agents.insert(retry.agent).inserted)
      now = Double(wake.nanoseconds) / 1e6 + 1
    }
    let last = call.attemptFailed(2, AttemptFailure(.agent, mayHaveRun: true), &fleet.router, now: at(now))
    let failure = try #require(Self.failure(last))
    #expect(failure.reason == .agentFailed && failure.attempts == 3)
  }

  @Test func withoutBudgetNothingIsRetried() throws {
    var settings = RoutingSettings()
    (settings.retryShare, settings.retriesPerSecond) = (0, 0)
    let fleet = Fleet(agents: 3, settings: settings)
    var call = try Self.call(fleet, .read)
    _ = call.started(&fleet.router, now: at(0))
    let failed = call.attemptFailed(0, AttemptFailure(.agent, mayHaveRun: true), &fleet.router, now: at(1))
    #expect(Self.failure(failed)?.reason == .agentFailed)
    // What provably never began is free.
    var other = try Self.call(fleet, .effect)
    _ = other.started(&fleet.router, now: at(2))
    let again = other.attemptFailed(0, AttemptFailure(.unprocessed, mayHaveRun: false), &fleet.router, now: at(3))
    #expect(Self.order(again)?.purpose == .retry)
  }

  private static let effects: [(RequestStatus?, AttemptOrder.Purpose?)] = [
    (.absent, .retry), (.running, .attach), (.done, .attach), (.unknown, nil), (nil, nil),
  ]

  /// An effect whose fate is uncertain is asked about; it is made again only where it provably never began.
  @Test(arguments: effects) func anEffectIsNeverRunTwice(status: RequestStatus?, next: AttemptOrder.Purpose?) throws {
    let fleet = Fleet(agents: 3)
    var call = try Self.call(fleet, .effect)
    let first = try #require(Self.order(value(call.started(&fleet.router, now: at(0)))))
    let asked = call.attemptFailed(0, AttemptFailure(.agent, mayHaveRun: true), &fleet.router, now: at(10))
    #expect(asked.list == [.askStatus(agent: first.agent, attempt: 0, timeout: .seconds(1))])
    var actions = call.statusAnswered(0, status, &fleet.router, now: at(20))
    if next == .retry {
      #expect(actions.list.isEmpty)
      actions = call.timerFired(&fleet.router, now: try #require(actions.wake))
    }
    let order = Self.order(actions)
    #expect(order?.purpose == next)
    switch next {
    case .attach?: #expect(order?.agent == first.agent, "the agent that knows it")
    case nil:
      let failure = try #require(Self.failure(actions))
      #expect(failure.reason == .lost && failure.mayHaveRun)
    default: break
    }
  }

  @Test func anEffectIsNotGivenUpEarlyNorHedged() throws {
    let fleet = Fleet(agents: 3)
    Self.warmUp(fleet)
    var call = try Self.call(fleet, .effect, deadline: 60_000)
    let started = call.started(&fleet.router, now: at(20_000))
    #expect(started.wake == at(60_000))
    let late = call.timerFired(&fleet.router, now: at(60_000))
    let failure = try #require(Self.failure(late))
    #expect(failure.reason == .deadline && failure.mayHaveRun)
    #expect(late.list.contains(.cancel(attempt: 0)))
  }

  /// Enough answers to know what is normal: 20 ms, and a second attempt after twice the median.
  private static func warmUp(_ fleet: Fleet) {
    for number in 0..<300 {
      for agent in 0..<3 {
        fleet.attempt(at: agent, now: Double(number) * 50, for: 20, .answered(AttemptTimings()))
      }
    }
  }

  @Test func aSlowReadIsHedgedOnceAndTheLoserCancelled() throws {
    let fleet = Fleet(agents: 3)
    Self.warmUp(fleet)
    var call = try Self.call(fleet, .read, deadline: 60_000)
    let started = call.started(&fleet.router, now: at(20_000))
    let first = try #require(Self.order(started))
    let wake = try #require(started.wake)
    let delay = wake.seconds(since: at(20_000))
    #expect((0.038...0.045).contains(delay), "\(delay)")
    let early = call.timerFired(&fleet.router, now: at(20_001))
    #expect(early.list.isEmpty && early.wake == wake)
    let hedged = call.timerFired(&fleet.router, now: wake)
    let second = try #require(Self.order(hedged))
    #expect(second.purpose == .hedge && second.agent != first.agent && call.underWay == 2)
    let done = call.attemptAnswered(1, AttemptTimings(), &fleet.router, now: at(20_060))
    #expect(done.list == [.cancel(attempt: 0), .complete(.answered(attempt: 1, agent: second.agent))])
    #expect(fleet.counters.hedges == 1)
    #expect(fleet.underWay == 0)
  }

  /// The other agent would have to connect first: the wake-up lies ahead, whatever rounding does to the price.
  @Test(arguments: [100, 123, 150, 177, 200])
  func aHedgeOnAColdConnectionWaitsAsLongFirst(milliseconds: Int) throws {
    let fleet = Fleet(agents: 3)
    Self.warmUp(fleet)
    let host = try #require(fleet.host())
    for agent in 0..<3 {
      let timings = AttemptTimings(connect: .milliseconds(milliseconds), isWarm: false)
      fleet.attempt(at: agent, now: 19_000, for: Double(20 + milliseconds), .answered(timings))
    }
    var call = try Self.call(fleet, .read, deadline: 60_000)
    let first = try #require(Self.order(value(call.started(&fleet.router, now: at(20_000)))))
    for agent in 0..<3 where agent != first.agent { fleet.router.warmthChanged(agent, host: host, isWarm: false) }
    var now = at(20_050)
    for _ in 0..<10 {
      let actions = call.timerFired(&fleet.router, now: now)
      if Self.order(actions)?.purpose == .hedge { break }
      let wake = try #require(actions.wake)
      #expect(wake > now, "woken at the same instant for ever")
      now = wake
    }
    #expect(call.underWay == 2)
  }

  @Test(arguments: RequestClass.allCases) func onceAcceptedNothingTakesItsPlaceWhileItGoesOn(
    _ requestClass: RequestClass
  ) throws {
    let fleet = Fleet(agents: 3)
    Self.warmUp(fleet)
    var call = try Self.call(fleet, requestClass, deadline: 60_000)
    let first = try #require(Self.order(value(call.started(&fleet.router, now: at(20_000)))))
    #expect(value(call.attemptAccepted(0, &fleet.router, now: at(20_010))).wake == at(60_000))
    let failed = call.attemptFailed(0, AttemptFailure(.agent, mayHaveRun: true), &fleet.router, now: at(20_500))
    guard requestClass == .read else {
      let failure = try #require(Self.failure(failed))
      #expect(failure.reason == (requestClass == .effect ? .lost : .agentFailed) && failure.mayHaveRun)
      return
    }
    // What only reads begins again, through another agent.
    let wake = try #require(failed.wake)
    let again = try #require(Self.order(value(call.timerFired(&fleet.router, now: wake))))
    #expect(again.purpose == .retry && again.agent != first.agent)
    #expect(fleet.underWay == 1)
  }

  @Test func pushbackIsObeyed() throws {
    let fleet = Fleet(agents: 3)
    var patient = try Self.call(fleet, .read)
    _ = patient.started(&fleet.router, now: at(0))
    let shed = AttemptFailure(.shed, mayHaveRun: false, pushback: .after(.milliseconds(700)))
    #expect(value(patient.attemptFailed(0, shed, &fleet.router, now: at(10))).wake == at(710))
    var refused = try Self.call(fleet, .read)
    _ = refused.started(&fleet.router, now: at(0))
    let never = AttemptFailure(.shed, mayHaveRun: false, pushback: .never)
    #expect(Self.failure(refused.attemptFailed(0, never, &fleet.router, now: at(10)))?.reason == .shed(retryAfter: nil))
  }

  /// Where every agent refuses, what one refused is not sent to the next.
  @Test func whatIsShedIsNotRetriedWhereAllShed() throws {
    let fleet = Fleet(agents: 3)
    for round in 0..<15 { for agent in 0..<3 { fleet.attempt(at: agent, now: Double(round), for: 1, .shed) } }
    var call = try Self.call(fleet, .read)
    _ = call.started(&fleet.router, now: at(100))
    let shed = AttemptFailure(.shed, mayHaveRun: false)
    let pausing = call.attemptFailed(0, shed, &fleet.router, now: at(110))
    let after = call.timerFired(&fleet.router, now: try #require(pausing.wake))
    #expect(Self.order(after) == nil)
    #expect(Self.failure(after)?.reason == .shed(retryAfter: nil))
  }

  @Test func aCallerThatLeavesCancelsEverything() throws {
    let fleet = Fleet(agents: 3)
    var call = try Self.call(fleet, .effect)
    _ = call.started(&fleet.router, now: at(0))
    let gone = call.callerCancelled(&fleet.router, now: at(5))
    #expect(gone.list.first == .cancel(attempt: 0))
    #expect(Self.failure(gone)?.reason == .cancelled)
    #expect(fleet.underWay == 0)
  }

  @Test func aDeadlineThatHasPassedStartsNothing() throws {
    let fleet = Fleet(agents: 3)
    var call = try Self.call(fleet, .read, deadline: 10)
    let late = call.started(&fleet.router, now: at(10))
    #expect(Self.order(late) == nil && Self.failure(late)?.reason == .deadline)
  }
}
