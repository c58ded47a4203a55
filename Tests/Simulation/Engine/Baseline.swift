import Routing

/// What others do: round robin, random, power of two choices by requests in flight or by Peak-EWMA. A value, one per
/// coordinator.
struct Baseline {
  private struct Agent {
    var inFlight = 0
    var latency = PeakEwma()
    var isThere = true
  }

  private static let tau = 10.0

  private let policy: Policy
  private var agents: [Agent]
  private var turn = 0

  init(_ policy: Policy, agents count: Int) {
    self.policy = policy
    agents = Array(repeating: Agent(), count: count)
  }

  mutating func setThere(_ agent: Int, _ isThere: Bool) { agents[agent].isThere = isThere }

  mutating func pick(excluding: Int? = nil, random: inout Mix64, now: Timestamp) -> Int {
    let there = agents.count(where: \.isThere)
    switch policy {
    case .roundRobin:
      repeat { turn = (turn + 1) % agents.count } while !agents[turn].isThere
      return turn
    case .random, .ours, .oursWithoutRetry:
      return any(there, random: &random)
    case .leastRequest, .peakEwma, .unlimitedHedging:
      let first = any(there, random: &random)
      var second = any(there, random: &random)
      while there > 1, second == first { second = any(there, random: &random) }
      if let excluding, first == excluding || second == excluding { return first == excluding ? second : first }
      return cost(second, now) < cost(first, now) ? second : first
    }
  }

  mutating func started(_ agent: Int) { agents[agent].inFlight += 1 }

  /// - Parameter seconds: an answer's or a failure's latency, without any penalty; nil: given up.
  mutating func ended(_ agent: Int, seconds: Double?, now: Timestamp) {
    agents[agent].inFlight -= 1
    if let seconds { agents[agent].latency.record(seconds, now: now, tau: Self.tau) }
  }

  func inFlight(_ agent: Int) -> Int { agents[agent].inFlight }

  private func any(_ there: Int, random: inout Mix64) -> Int {
    var place = Int(random.next() % UInt64(there))
    for agent in agents.indices where agents[agent].isThere {
      if place == 0 { return agent }
      place -= 1
    }
    return 0
  }

  private func cost(_ agent: Int, _ now: Timestamp) -> Double {
    let inFlight = Double(agents[agent].inFlight)
    guard policy == .peakEwma else { return inFlight }
    let latency = agents[agent].latency
    guard latency.hasHistory else { return inFlight == 0 ? 0 : 1_000 + inFlight }
    return max(1e-6, latency.value(now: now, tau: Self.tau)) * (inFlight + 1)
  }
}
