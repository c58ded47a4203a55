import Testing

@testable import Routing

private func normal(
  samples: Int = 1_000, median: Double = 0.06, hedge: Double = 0.15, extreme: Double = 0.2
) -> NormalLatency {
  NormalLatency(samples: samples, median: median, hedgeQuantile: hedge, extreme: extreme)
}

private func rtt(_ seconds: Double) -> RttEstimator {
  var rtt = RttEstimator()
  for _ in 0..<100 { rtt.record(seconds) }
  return rtt
}

@Suite struct AttemptTimeoutTests {
  private static let cases: [(Int, Double, Int, Double)] = [
    // samples, p99.9, timeouts in a row, seconds
    (0, 0.2, 0, 5.0), (199, 0.2, 0, 5), (200, 0.2, 0, 0.4),
    // Never less than a quarter of a second, never more than half a minute.
    (1_000, 0.01, 0, 0.25), (1_000, 40, 0, 30),
    // A row without any answer doubles it with every fourth.
    (1_000, 0.2, 3, 0.4), (1_000, 0.2, 4, 0.8), (1_000, 0.2, 8, 1.6), (1_000, 0.2, 1_000, 30),
  ]

  @Test(arguments: cases) func whatOneAttemptMayTake(samples: Int, extreme: Double, row: Int, expected: Double) {
    let own = AttemptTimeout.ownSeconds(
      rtt: rtt(0.06), normal: normal(samples: samples, extreme: extreme), timeoutsInRow: row)
    #expect(own.isNear(expected, 1e-3))
  }

  @Test func anUnsteadyRoundTripGivesMoreAndTheBudgetLess() {
    var unsteady = RttEstimator()
    unsteady.record(0.2)
    // 0.2 + 8 * 0.1.
    #expect(AttemptTimeout.ownSeconds(rtt: unsteady, normal: normal(), timeoutsInRow: 0).isNear(1))
    #expect(AttemptTimeout.seconds(rtt: unsteady, normal: normal(), timeoutsInRow: 0, remaining: 0.3).isNear(0.3))
    #expect(AttemptTimeout.seconds(rtt: unsteady, normal: nil, timeoutsInRow: 0, remaining: 60).isNear(5))
  }
}

@Suite struct ConnectTimeoutTests {
  @Test func eachPhaseHasItsBounds() {
    #expect(ConnectTimeout.tcp(RttEstimator()).isNear(5))
    #expect(ConnectTimeout.tcp(rtt(0.001)).isNear(1))
    #expect(ConnectTimeout.tcp(rtt(10)).isNear(5))
    #expect(ConnectTimeout.handshake(nil).isNear(15))
    #expect(ConnectTimeout.handshake(normal(samples: 10)).isNear(15))
    #expect(ConnectTimeout.handshake(normal(extreme: 0.2)).isNear(3))
    #expect(ConnectTimeout.handshake(normal(extreme: 4)).isNear(8))
    #expect(ConnectTimeout.handshake(normal(extreme: 60)).isNear(15))
  }
}

@Suite struct HedgeDelayTests {
  private static let cases: [(Int, Double, Double, Double?)] = [
    // samples, p50, affordable quantile, delay
    (99, 0.06, 0.15, nil), (100, 0.06, 0.15, 0.15), (100, 0.1, 0.15, 0.2), (100, 0.001, 0.002, 0.005),
  ]

  @Test(arguments: cases) func theLatestOfThree(samples: Int, median: Double, quantile: Double, expected: Double?) {
    let delay = HedgeDelay.seconds(normal(samples: samples, median: median, hedge: quantile))
    #expect((delay == nil) == (expected == nil))
    if let delay, let expected { #expect(delay.isNear(expected)) }
  }

  @Test(arguments: [(1.0, 0.95), (0.1, 0.95), (0.02, 0.982), (0.01, 0.991), (0, 1), (-1, 1)])
  func aSmallBudgetIsForTheSlowest(share: Double, quantile: Double) {
    #expect(HedgeDelay.quantile(budget: share).isNear(quantile))
  }
}
