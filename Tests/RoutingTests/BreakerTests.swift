import Testing

@testable import Routing

@Suite struct AgentBreakerTests {
  private var random = Mix64(seed: 7)
  private var breaker = AgentBreaker(BreakerSettings())

  private mutating func fail(_ milliseconds: Double) {
    breaker.failed(started: at(milliseconds), now: at(milliseconds), random: &random)
  }

  private mutating func succeed(_ milliseconds: Double) {
    breaker.succeeded(started: at(milliseconds), now: at(milliseconds))
  }

  private var pause: Double? {
    if case .open(let since, let until) = breaker.state { until.seconds(since: since) } else { nil }
  }

  @Test mutating func fiveFaultsInARowOpenIt() {
    for number in 0..<4 { fail(Double(number)) }
    #expect(breaker.isClosed)
    succeed(4)
    for number in 5..<9 { fail(Double(number)) }
    #expect(breaker.isClosed)
    fail(9)
    #expect(!breaker.isClosed)
    #expect((0.8...1.2).contains(pause ?? 0))
  }

  @Test mutating func fewerThanFourFifthsOfTwentyOpenIt() {
    // Two answers, one fault: 67 %, once there are twenty.
    for number in 0..<19 { if number % 3 == 2 { fail(Double(number)) } else { succeed(Double(number)) } }
    #expect(breaker.isClosed)
    fail(20)
    #expect(!breaker.isClosed)
  }

  @Test mutating func faultsLongPastAreForgotten() {
    for number in 0..<19 { if number % 3 == 2 { fail(Double(number)) } else { succeed(Double(number)) } }
    fail(40_000)
    #expect(breaker.isClosed)
  }

  @Test mutating func sheddingCountsInTheRatioAndNotInTheRow() {
    for number in 0..<10 { breaker.shed(started: at(Double(number)), now: at(Double(number)), random: &random) }
    #expect(breaker.isClosed)
    for number in 10..<20 { breaker.shed(started: at(Double(number)), now: at(Double(number)), random: &random) }
    #expect(!breaker.isClosed)
  }

  @Test mutating func oneProbeDecidesAndThePauseDoubles() throws {
    for number in 0..<5 { fail(Double(number)) }
    var now = try #require(breaker.probeDue)
    for step in 1...8 {
      breaker.probeStarted(now: now)
      #expect(breaker.probeDue == nil)
      // What began before the breaker opened says nothing.
      breaker.succeeded(started: at(0), now: now)
      #expect(!breaker.isClosed)
      breaker.failed(started: now, now: now, random: &random)
      let usual = min(60, Double(1 << step))
      #expect((0.8 * usual...1.2 * usual).contains(pause ?? 0), "step \(step): \(pause ?? 0)")
      now = try #require(breaker.probeDue)
    }
    breaker.probeStarted(now: now)
    breaker.succeeded(started: now, now: now)
    #expect(breaker.isClosed)
    #expect(breaker.step == 7)
  }

  @Test mutating func aProbeWithoutVerdictIsMadeAgain() throws {
    for number in 0..<5 { fail(Double(number)) }
    let due = try #require(breaker.probeDue)
    breaker.probeStarted(now: due.advanced(by: .milliseconds(-1)))
    #expect(breaker.probeDue == due)
    breaker.probeStarted(now: due)
    breaker.probeAbandoned(now: due)
    #expect(breaker.probeDue == due)
  }
}

@Suite struct HostBreakerTests {
  private var random = Mix64(seed: 7)
  private var breaker = HostBreaker()

  private mutating func fail(_ started: Double, _ milliseconds: Double) {
    breaker.failed("refused", started: at(started), now: at(milliseconds), random: &random)
  }

  @Test mutating func threeFailuresInARowOpenItWithTheLastError() throws {
    fail(0, 10)
    fail(10, 20)
    #expect(value(breaker.admit(now: at(21))) == nil)
    breaker.succeeded()
    for number in 3..<6 { fail(Double(number) * 10, Double(number) * 10) }
    let failing = try #require(value(breaker.admit(now: at(150))))
    #expect(failing.reason == "refused")
    #expect(failing.age == .milliseconds(100))
    #expect(failing.failures == 3)
    #expect(failing.retryIn > .milliseconds(600) && failing.retryIn < .milliseconds(1_101))
  }

  @Test mutating func oneRequestAStepIsLetThrough() {
    for _ in 0..<3 { fail(0, 0) }
    #expect(value(breaker.admit(now: at(700))) != nil)
    #expect(value(breaker.admit(now: at(1_200))) == nil)
    #expect(value(breaker.admit(now: at(1_200))) != nil)
    // Nothing is heard of it: another one after the same pause.
    #expect(value(breaker.admit(now: at(2_199))) != nil)
    #expect(value(breaker.admit(now: at(2_200))) == nil)
    breaker.succeeded()
    #expect(!breaker.isOpen && breaker.failing(now: at(2_300)) == nil)
  }

  /// Fifty requests that were under way when the host died are one failure, not fifty steps of the pause.
  @Test mutating func whatWasUnderWayDoesNotLengthenThePause() throws {
    for number in 0..<50 { fail(0, Double(number)) }
    let failing = try #require(breaker.failing(now: at(50)))
    #expect(failing.failures == 50)
    #expect(failing.retryIn < .milliseconds(1_200))
  }

  @Test(arguments: [(1, 2.0), (2, 4), (5, 32), (6, 60), (20, 60)])
  mutating func everyFailedProbeDoublesIt(probes: Int, pause: Double) throws {
    for _ in 0..<3 { fail(0, 0) }
    var now = 0.0
    for _ in 0..<probes {
      now += 100_000
      #expect(value(breaker.admit(now: at(now))) == nil)
      fail(now, now + 10)
    }
    let retryIn = try #require(breaker.failing(now: at(now + 10))).retryIn.inSeconds
    #expect((0.8 * pause...1.2 * pause).contains(retryIn), "\(retryIn)")
  }
}
