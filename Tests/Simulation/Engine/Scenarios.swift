/// The sixteen situations that routing must master, one in which hosts hang, and one in which everything goes wrong at once.
/// Stateless.
package enum Scenarios {
  package static let all: [Scenario] = failures + healing + load + fleet

  private static func bad(_ kind: Scenario.Fault.Kind, from: Double = 15, to: Double = 45) -> [Scenario.Fault] {
    [Scenario.Fault(agents: 0..<1, from: from, to: to, kind: kind)]
  }

  static let failures: [Scenario] = [
    Scenario("S1", "11 agents x 167 ms, 1000/s, one at 2 s from 15 to 45 s") {
      $0.agents = 11
      $0.rate = 1_000
      $0.mean = 0.167
      $0.sigma = 0
      $0.window = 0..<60
      $0.faults = bad(.slow(2 / 0.167))
      $0.shown = "within 1 s"
    },
    Scenario("S2", "3 agents, lognormal 60 ms, 200/s, one 20 x slower for 30 s") {
      $0.workers = 64
      $0.faults = bad(.slow(20))
    },
    Scenario("S3", "the same at 20/s") {
      $0.workers = 64
      $0.rate = 20
      $0.faults = bad(.slow(20))
    },
    Scenario("S4", "1 of 3 fails fast") { $0.faults = bad(.failing(1)) },
    Scenario("S5", "1 of 3 fails half") { $0.faults = bad(.failing(0.5)) },
    Scenario("S6", "kill with reset") { $0.faults = bad(.killed) },
    Scenario("S7", "hang, 2 s timeout") {
      $0.faults = bad(.hang)
      $0.deadline = 2
      $0.baselineTimeout = 2
    },
  ]

  static let healing: [Scenario] = [
    Scenario("S8", "heal: one 20 x slower from 10 to 20 s") {
      $0.faults = bad(.slow(20), from: 10, to: 20)
      $0.window = 20..<60
    },
    Scenario("S9", "dead host, 30 % of the traffic") {
      $0.deadHostShare = 0.3
      $0.shown = "share deviation"
      $0.window = 0..<60
      $0.badAgent = nil
    },
    Scenario("HANG", "2 agents, 16 of 40 hosts accept and never answer for 30 s") {
      $0.agents = 2
      $0.hosts = 40
      $0.hanging = 0..<16
      $0.deadline = 5
      $0.baselineTimeout = 5
      $0.shown = "other hosts' errors"
      $0.badAgent = nil
    },
  ]

  static let load: [Scenario] = [
    Scenario("S10", "1 % of requests stall x 15") {
      $0.rate = 500
      $0.sigma = 0.33
      $0.stallShare = 0.01
      $0.stallFactor = 15
      $0.shown = "share deviation"
      $0.window = 20..<60
      $0.badAgent = nil
    },
    Scenario("S11", "all agents x 2 slow, 1.5 x overload, for 20 s") {
      $0.agents = 4
      $0.workers = 16
      $0.hasAdmission = true
      $0.rate = 800
      $0.deadline = 2
      $0.baselineTimeout = 2
      $0.window = 20..<40
      $0.faults = [Scenario.Fault(agents: 0..<4, from: 20, to: 40, kind: .slow(2))]
      $0.badAgent = nil
    },
    Scenario("S15", "10 coordinators, 6 agents at 75 % load, one x 2 slow") {
      $0.agents = 6
      $0.coordinators = 10
      $0.workers = 16
      $0.rate = 1_200
      $0.duration = 90
      $0.window = 15..<85
      $0.faults = bad(.slow(2), from: 15, to: 85)
      $0.shown = "max/mean in flight"
    },
  ]

  static let fleet: [Scenario] = [
    Scenario("S12", "a zone at 50 % healthy") {
      $0.agents = 8
      $0.priorities = [0, 0, 0, 0, 1, 1, 1, 1]
      $0.hosts = 4_000
      $0.rate = 500
      $0.window = 16..<45
      $0.faults = [Scenario.Fault(agents: 0..<2, from: 15, to: 45, kind: .killed)]
      $0.shown = "nearest zone"
    },
    Scenario("S13", "66 % of agents ejected") {
      $0.agents = 6
      $0.workers = 16
      $0.rate = 350
      $0.faults = [Scenario.Fault(agents: 0..<4, from: 15, to: 45, kind: .failing(1))]
    },
    Scenario("S14", "a cold agent joins at 30 s, for 30 s") {
      $0.agents = 4
      $0.rate = 400
      $0.connect = 0.040
      $0.hosts = 400
      $0.duration = 62
      $0.window = 30..<60
      $0.lastJoinsAt = 30
      $0.badAgent = 3
    },
    Scenario("S16", "6 agents, 600 hosts, 128 connections each, 350 ms connect") {
      $0.agents = 6
      $0.hosts = 600
      $0.popularity = 0.9
      $0.rate = 400
      $0.mean = 0.045
      $0.sigma = 0.3
      $0.connect = 0.350
      $0.pool = 128
      $0.shown = "hit ratio"
      $0.duration = 120
      $0.window = 60..<120
      $0.badAgent = nil
    },
    Scenario("MIX", "writes and effects while agents hang, die, drain and fail") {
      $0.agents = 5
      $0.rate = 100
      $0.writeShare = 0.2
      $0.effectShare = 0.3
      $0.deadline = 5
      $0.baselineTimeout = 5
      $0.stallShare = 0.01
      $0.stallFactor = 30
      $0.window = 5..<60
      $0.faults = [
        Scenario.Fault(agents: 0..<1, from: 8, to: 20, kind: .hang),
        Scenario.Fault(agents: 1..<2, from: 18, to: 30, kind: .killed),
        Scenario.Fault(agents: 2..<3, from: 28, to: 40, kind: .draining),
        Scenario.Fault(agents: 3..<4, from: 38, to: 50, kind: .failing(0.7)),
        Scenario.Fault(agents: 0..<2, from: 45, to: 52, kind: .killed),
      ]
    },
  ]
}
