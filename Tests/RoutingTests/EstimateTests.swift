import Testing

@testable import Routing

@Suite struct PeakEwmaTests {
  private static let tau = 10.0

  @Test func aWorseSampleIsBelievedAtOnceAndForgottenSlowly() {
    var estimate = PeakEwma()
    #expect(!estimate.hasHistory)
    estimate.record(0.1, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(0.1))
    estimate.record(0.5, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(0.5))
    // A better one at the same instant changes nothing: the weight is the time that has passed.
    estimate.record(0.1, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(0.5))
    #expect(estimate.hasHistory)
  }

  @Test(arguments: [(0.0, 1.0), (10_000, 0.367879), (20_000, 0.135335), (60_000, 0.002478)])
  func itDecaysTowardsNothing(milliseconds: Double, left: Double) {
    var estimate = PeakEwma()
    estimate.record(1, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(milliseconds), tau: Self.tau).isNear(left, 1e-5))
  }

  @Test func aBetterSampleWeighsWithTheTimeSinceTheLast() {
    var estimate = PeakEwma()
    estimate.record(1, now: at(0), tau: Self.tau)
    estimate.record(0.1, now: at(10_000), tau: Self.tau)
    // 1 * e^-1 of it is left, and the sample has the rest.
    #expect(estimate.value(now: at(10_000), tau: Self.tau).isNear(0.367879 * 1 + 0.1 * 0.632121, 1e-5))
  }

  @Test func itIsTakenBackButNeverRaised() {
    var estimate = PeakEwma()
    estimate.record(1, now: at(0), tau: Self.tau)
    estimate.clamp(to: 2, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(1))
    estimate.clamp(to: 0.2, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(0.2))
  }

  @Test func aClockThatGoesBackDoesNoHarm() {
    var estimate = PeakEwma()
    estimate.record(1, now: at(5_000), tau: Self.tau)
    estimate.record(0.5, now: at(0), tau: Self.tau)
    #expect(estimate.value(now: at(0), tau: Self.tau).isNear(1))
  }
}

@Suite struct LatencySampleTests {
  private static let ends: [(AttemptOutcome, Double, Double?)] = [
    (.answered(AttemptTimings(host: .milliseconds(30), connect: .milliseconds(20))), 0.1, 0.05),
    // An agent that reports more than there was.
    (.answered(AttemptTimings(host: .seconds(9))), 0.1, 0),
    (.hostFailed(reason: "refused", AttemptTimings(host: .milliseconds(90))), 0.1, 0.01),
    // A failure costs at least 5 s, or twice what it was granted.
    (.agentFailed, 0.001, 5), (.agentFailed, 30, 30),
    // Censored: they would have taken longer.
    (.timedOut, 1, 2.5), (.lostToOther, 0.2, 0.3),
    // The call's own deadline, or its caller: only what is worse than was thought says something.
    (.outOfTime, 0.1, nil), (.outOfTime, 0.6, 1.5), (.abandoned, 0.1, nil), (.abandoned, 0.6, 0.6),
    (.shed, 0.1, nil), (.unprocessed, 0.1, nil),
  ]

  @Test(arguments: ends) func whatAnEndIsWorth(_ outcome: AttemptOutcome, elapsed: Double, expected: Double?) {
    let sample = LatencySample.seconds(outcome, elapsed: elapsed, timeout: 1, estimate: 0.5)
    #expect((sample == nil) == (expected == nil))
    if let sample, let expected { #expect(sample.isNear(expected)) }
  }
}

@Suite struct RttEstimatorTests {
  /// RFC 6298, section 2, by hand.
  @Test func itFollowsTheRFC() throws {
    var rtt = RttEstimator()
    #expect(rtt.bound(4) == nil)
    rtt.record(0.1)
    #expect(try #require(rtt.bound(0)).isNear(0.1))
    #expect(try #require(rtt.bound(4)).isNear(0.1 + 4 * 0.05))
    rtt.record(0.2)
    #expect(try #require(rtt.bound(0)).isNear(0.1125))
    #expect(try #require(rtt.bound(1)).isNear(0.1125 + 0.0625))
  }
}

@Suite struct LatencyWindowTests {
  @Test func quantilesAreRightWithinFivePerCent() throws {
    var window = LatencyWindow()
    #expect(window.quantiles([0.5]) == nil)
    for number in 1...1_000 { window.record(Double(number) * 1e-3, now: at(0)) }
    let found = try #require(window.quantiles([0.5, 0.95, 0.999]))
    for (seconds, expected) in zip(found, [0.5, 0.95, 0.999]) {
      #expect(abs(seconds - expected) <= 0.05 * expected, "\(seconds) for \(expected)")
    }
    #expect(window.count == 1_000)
  }

  @Test(arguments: [(9_999.0, 2), (10_000, 2), (29_999, 2), (30_000, 1), (39_999, 1), (40_000, 0), (900_000, 0)])
  func whatIsTooOldIsDropped(milliseconds: Double, left: Int) {
    var window = LatencyWindow()
    window.record(0.1, now: at(5_000))
    window.record(0.1, now: at(15_000))
    window.advance(at(milliseconds))
    #expect(window.count == left)
  }

  @Test(arguments: [-1.0, 0, 1e-9, 1e-6, 0.001, 1, 500, 1_000, 1e9])
  func nothingIsTooSmallOrTooLarge(seconds: Double) throws {
    var window = LatencyWindow()
    window.record(seconds, now: at(0))
    let median = try #require(window.quantiles([0.5])?.first)
    let expected = min(max(seconds, 0), 540)
    #expect(abs(median - expected) <= max(2e-7, 0.1 * expected), "\(median)")
  }
}
