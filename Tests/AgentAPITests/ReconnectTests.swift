import Testing

@testable import AgentAPI

/// How many agents dial at once when a coordinator was away, by the pauses alone: virtual time, seeded.
@Suite struct ReconnectTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64
    /// SplitMix64.
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }

  /// The instants, in seconds since all tunnels ended, at which `agents` agents dial until each has found the coordinator, which is
  /// away for `outage`.
  private func attempts(agents: Int, outage: Double, seed: UInt64) -> (all: [Double], last: Double) {
    var random = Generator(state: seed)
    var all: [Double] = []
    var last = 0.0
    for _ in 0..<agents {
      var backoff = Self.backoff
      let origin = ContinuousClock.now
      // Each had its tunnel for long.
      var stood: Duration? = .seconds(3600)
      var now = 0.0
      repeat {
        let pause = backoff.pause(
          at: origin + .seconds(now), stood: stood, jitter: .random(in: 0..<1, using: &random))
        stood = nil
        now += pause / .seconds(1)
        all.append(now)
      } while now < outage
      last = max(last, now)
    }
    return (all.sorted(), last)
  }

  private func mostInOneSecond(_ instants: [Double]) -> Int {
    var most = 0
    var first = 0
    for (index, instant) in instants.enumerated() {
      while instants[first] < instant - 1 { first += 1 }
      most = max(most, index - first + 1)
    }
    return most
  }

  private static var backoff: ReconnectBackoff {
    let settings = TunnelSettings()
    return ReconnectBackoff(
      first: settings.firstBackoff, longest: settings.longestBackoff, stableAfter: settings.stableAfter)
  }

  @Test(arguments: [0.0, 0.5, 2, 5, 300])
  func agentsComeBackWithoutAStorm(outage: Double) {
    for seed in UInt64(0)..<20 {
      let (all, last) = attempts(agents: 200, outage: outage, seed: seed)
      #expect(last <= outage + min(max(2, outage), 60), "seed \(seed): the last after \(last) s")
      // Little more than one dial of each agent in a second, in the beginning; few later.
      #expect(mostInOneSecond(all) <= 300, "seed \(seed): \(mostInOneSecond(all)) in one second")
      let late = all.filter { $0 > 60 && $0 < outage }
      #expect(mostInOneSecond(late) <= 40, "seed \(seed): \(mostInOneSecond(late)) in one second of a long outage")
    }
  }

  @Test func pausesGrowWithTheTroubleUntilATunnelIsStable() {
    let start = ContinuousClock.now
    var backoff = Self.backoff
    let steps: [(at: Double, stood: Double?, bound: Double)] = [
      (0, 300, 1), (0.5, nil, 2), (3, nil, 3), (20, nil, 20), (90, nil, 60),
      // One that does not stand changes nothing.
      (150, 59, 60),
      // One that stood a minute does.
      (300, 60, 1), (301.5, nil, 2), (305, nil, 5),
    ]
    for step in steps {
      let pause = backoff.pause(
        at: start + .seconds(step.at), stood: step.stood.map { .seconds($0) }, jitter: 0.5)
      #expect(pause == .seconds(step.bound / 2), "at \(step.at) s")
    }
  }
}
