import Testing

@testable import Routing

@Suite struct RouteCostTests {
  private static let costs: [(RouteCost, Double)] = [
    (RouteCost(latency: 0.1, inFlight: 0), 0.1), (RouteCost(latency: 0.1, inFlight: 3), 0.4),
    // The oldest outstanding request, where it is worse.
    (RouteCost(latency: 0.1, oldest: 2, inFlight: 1), 4), (RouteCost(latency: 0.1, oldest: 0.05, inFlight: 1), 0.2),
    // A cold connection has its price.
    (RouteCost(latency: 0.1, connect: 0.35, inFlight: 1), 0.9),
    // Idle agents are told apart by what they have in flight.
    (RouteCost(latency: 0, inFlight: 1), 0.000_2),
    // A newcomer: one at a time.
    (RouteCost(latency: nil, inFlight: 0), 0), (RouteCost(latency: nil, connect: 0.35, inFlight: 0), 0.35),
    (RouteCost(latency: nil, inFlight: 1), 1_001),
  ]

  @Test(arguments: costs) func itIsLatencyTimesLoad(_ cost: RouteCost, total: Double) {
    #expect(cost.total.isNear(total))
  }
}

@Suite struct RendezvousTests {
  private static func order(_ host: String, agents: Range<Int>) -> [Int] {
    let hash = Mix64.hash(host)
    return agents.sorted { left, right in
      Rendezvous.score(host: hash, agent: Mix64.hash("agent-\(left)"))
        > Rendezvous.score(host: hash, agent: Mix64.hash("agent-\(right)"))
    }
  }

  /// Coordinators of different releases must rank alike: these values are part of the protocol.
  @Test func itIsStableAcrossReleases() {
    #expect(Mix64.hash("dc1/web1") == 17_750_997_406_903_309_829)
    #expect(Self.order("dc1/web1", agents: 0..<5) == Self.order("dc1/web1", agents: 0..<5))
  }

  @Test func anAgentThatGoesTakesOnlyItsOwnHosts() {
    for number in 0..<500 {
      let before = Self.order("h\(number)", agents: 0..<6)
      let after = Self.order("h\(number)", agents: 0..<5)
      #expect(after == before.filter { $0 != 5 })
    }
  }

  @Test func hostsAreSpreadEvenly() {
    var first = [Int](repeating: 0, count: 5)
    for number in 0..<5_000 { first[Self.order("dc1/h\(number)", agents: 0..<5)[0]] += 1 }
    for count in first { #expect((850...1_150).contains(count), "\(first)") }
  }

  @Test func positionsAreSharesAndSaltsAreApart() {
    var differing = 0
    for number in 0..<1_000 {
      let hash = Mix64.hash("h\(number)")
      let (one, two) = (Rendezvous.position(host: hash, salt: 1), Rendezvous.position(host: hash, salt: 2))
      #expect((0..<1).contains(one) && (0..<1).contains(two))
      if abs(one - two) > 0.01 { differing += 1 }
    }
    #expect(differing > 950)
  }
}

@Suite struct ZonePriorityTests {
  private static func zones(_ counts: [(healthy: Int, total: Int)]) -> ZonePriority {
    var zones = ZonePriority()
    for (priority, count) in counts.enumerated() {
      for number in 0..<count.total { zones.count(priority: priority, isHealthy: number < count.healthy) }
    }
    return zones
  }

  @Test(arguments: [
    // healthy of 100 in the nearest zone, its share
    (100, 1.0), (72, 1), (71, 0.994), (50, 0.7), (25, 0.35), (0, 0),
  ])
  func whatOneZoneCannotTakeSpillsToTheNext(healthy: Int, share: Double) {
    let shares = Self.zones([(healthy, 100), (100, 100)]).shares()
    #expect(shares[0].isNear(share))
    #expect(shares[1].isNear(1 - share))
  }

  @Test func withLittleHealthAnywhereTheSharesAreInProportion() {
    let shares = Self.zones([(10, 100), (30, 100)]).shares()
    #expect(shares[0].isNear(0.25) && shares[1].isNear(0.75))
    #expect(Self.zones([(0, 3), (0, 2)]).shares().allSatisfy { $0 == 0 })
    #expect(ZonePriority().choose(position: 0.5) == nil)
  }

  @Test(arguments: [(0.0, 0), (0.69, 0), (0.71, 1), (0.999_999, 1)])
  func aHostKeepsItsPlace(position: Double, priority: Int) {
    #expect(Self.zones([(1, 2), (2, 2)]).choose(position: position) == priority)
  }

  @Test func farPrioritiesCountAsTheLast() {
    var zones = ZonePriority()
    zones.count(priority: 9, isHealthy: true)
    zones.count(priority: -1, isHealthy: false)
    #expect(zones.choose(position: 0.5) == 3)
  }
}

@Suite struct SlowStartTests {
  @Test(arguments: [(0.0, 0.1), (1_000, 0.1), (3_000, 0.1), (15_000, 0.5), (29_999, 0.999_966), (30_000, 1), (1e6, 1)])
  func aTenthAtOnceAndAllAfterHalfAMinute(milliseconds: Double, weight: Double) {
    let start = SlowStart(began: at(0), window: .seconds(30), least: 0.10)
    #expect(start.weight(now: at(milliseconds)).isNear(weight, 1e-4))
    #expect(start.admits(position: weight - 0.01, now: at(milliseconds)))
    #expect(start.admits(position: weight + 0.01, now: at(milliseconds)) == (weight == 1))
  }
}
