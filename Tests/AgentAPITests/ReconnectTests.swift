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
    let settings = TunnelSettings()
    var all: [Double] = []
    var last = 0.0
    for _ in 0..<agents {
      var backoff = Backoff(
        first: settings.firstBackoff, longest: settings.longestBackoff, quick: settings.firstBackoff)
      var now = 0.0
      repeat {
        now += backoff.pause(jitter: .random(in: 0..<1, using: &random)) / .seconds(1)
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

  @Test(arguments: [(0.0, 1.0), (1.0, 10.0), (2.0, 10.0), (300.0, 360.0)])
  func agentsComeBackWithoutAStorm(outage: Double, bound: Double) {
    for seed in UInt64(0)..<20 {
      let (all, last) = attempts(agents: 200, outage: outage, seed: seed)
      #expect(last <= bound, "seed \(seed): the last after \(last) s")
      // Each draws from a second at least: about one dial of each agent in a second, at the beginning, and fewer later.
      #expect(mostInOneSecond(all) <= 300, "seed \(seed): \(mostInOneSecond(all)) in one second")
      let late = all.filter { $0 > 30 && $0 < outage }
      #expect(mostInOneSecond(late) <= 40, "seed \(seed): \(mostInOneSecond(late)) in one second of a long outage")
    }
  }

  @Test func pausesBeginWithASecondAndDoubleToAMinute() {
    var backoff = Backoff(first: .seconds(1), longest: .seconds(60), quick: .seconds(1))
    let bounds = (0..<9).map { _ in backoff.pause(jitter: 1) }
    #expect(bounds == [1, 1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    backoff.reset()
    #expect(backoff.pause(jitter: 0.25) == .milliseconds(250))
  }
}
