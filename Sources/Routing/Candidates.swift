/// The up to three agents between which a choice is made. A value without memory of its own.
struct Candidates {
  struct Candidate {
    let agent: Int
    let cost: RouteCost
  }

  private var first: Candidate?
  private var second: Candidate?
  private var third: Candidate?
  private(set) var count = 0
  /// The best latency among them.
  private(set) var leastLatency = Double.infinity

  mutating func insert(_ agent: Int, _ cost: RouteCost) {
    count += 1
    leastLatency = min(leastLatency, max(cost.latency ?? 0, cost.oldest))
    let candidate = Candidate(agent: agent, cost: cost)
    guard let best = first else {
      first = candidate
      return
    }
    // A tie goes to the one that came first in the host's order.
    if cost.total < best.cost.total {
      (first, second, third) = (candidate, best, second)
    } else if second.map({ cost.total < $0.cost.total }) ?? true {
      (second, third) = (candidate, second)
    } else {
      third = candidate
    }
  }

  var best: Candidate? { first }
  var runnerUp: Candidate? { second }
  /// The cheapest first.
  var all: [Candidate] { [first, second, third].compactMap { $0 } }
}
