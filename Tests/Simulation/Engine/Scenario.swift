/// One situation: a fleet, its traffic and what goes wrong. A value; times in seconds since the start.
package struct Scenario: Sendable {
  package struct Fault: Sendable {
    package enum Kind: Sendable, Hashable {
      /// Everything takes so many times as long.
      case slow(Double)
      /// So many of the requests fail within a millisecond.
      case failing(Double)
      /// Nothing is answered, heartbeats included.
      case hang
      /// The process is gone; its connections are reset.
      case killed
      /// It drains.
      case draining
    }

    var agents: Range<Int>
    var from: Double
    var to: Double
    var kind: Kind
  }

  package var name: String
  package var title: String
  var agents = 3
  /// By agent; agents beyond the list have priority 0.
  var priorities: [Int] = []
  var hosts = 200
  /// 0: all alike; 1: Zipf.
  var popularity = 0.0
  /// Requests a second, all coordinators together.
  var rate = 200.0
  var duration = 60.0
  /// What is measured: requests that begin in it.
  var window = 15.0..<45.0
  var coordinators = 1
  var mean = 0.060
  /// 0: always the same.
  var sigma = 0.4
  /// A share of the attempts takes so many times as long.
  var stallShare = 0.0
  var stallFactor = 1.0
  /// Requests an agent works on at once; the others wait in line. nil: as many as come.
  var workers: Int?
  /// Agents use the production `AdmissionQueue` instead of an endless line.
  var hasAdmission = false
  /// Of a call: ours ends then; seconds.
  var deadline = 10.0
  /// After which the baselines give up; nil: never.
  var baselineTimeout: Double?
  var faults: [Fault] = []
  /// What a cold connection costs; 0: all hosts are warm everywhere.
  var connect = 0.0
  /// Connections of each agent's production `Pool`; nil: none is simulated.
  var pool: Int?
  /// The share of the traffic for host 0, which refuses connections after `deadHostDelay`.
  var deadHostShare = 0.0
  var deadHostDelay = 1.0
  /// The first so many hosts take requests from `hangsFrom` to `hangsTo` and never answer; nil: none does.
  var hanging: Range<Int>?
  var hangsFrom = 15.0
  var hangsTo = 45.0
  /// The last agent joins then; nil: from the start.
  var lastJoinsAt: Double?
  /// Shares of writes and of effects; the rest reads.
  var writeShare = 0.0
  var effectShare = 0.0
  /// The agent that is looked at in the table, if one is bad.
  var badAgent: Int? = 0
  /// A figure that the table shows for every policy, by its name.
  var shown: String?

  init(_ name: String, _ title: String, _ change: (inout Scenario) -> Void) {
    self.name = name
    self.title = title
    change(&self)
  }

  func hangs(host: Int, at seconds: Double) -> Bool {
    hanging?.contains(host) == true && seconds >= hangsFrom && seconds < hangsTo
  }

  func priority(_ agent: Int) -> Int { priorities.indices.contains(agent) ? priorities[agent] : 0 }
}

/// Who chooses. `ours` is the production router and call machine.
package enum Policy: String, Sendable, Hashable, CaseIterable {
  case ours
  /// Ours with a retry budget of nothing.
  case oursWithoutRetry = "ours, no retry"
  case roundRobin = "round robin"
  case random
  case leastRequest = "P2C least request"
  case peakEwma = "P2C Peak-EWMA"
  /// P2C least request, a second attempt after 2 x the mean whenever there is no answer yet.
  case unlimitedHedging = "unlimited hedging"

  package var isOurs: Bool { self == .ours || self == .oursWithoutRetry }

  package static let baselines: [Policy] = [.roundRobin, .random, .leastRequest, .peakEwma]
}
