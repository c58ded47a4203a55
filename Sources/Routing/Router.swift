/// Which agent asks which host: everything that is known of agents and hosts, and every decision made of it.
///
/// A value with one owner: every method takes an event and `now`; nothing here reads a clock, opens a socket or waits.
/// The driver keeps it behind a lock and acts outside it. Agents are numbered by the caller from 0, and a number is used
/// again only for the same agent; hosts are named. Events may come late or twice: what they name is looked up first.
///
/// A choice takes time with the number of agents that advertise the host and no memory.
package struct Router: ~Copyable, Sendable {
  package let settings: RoutingSettings
  var random: Mix64
  let tau: Double

  var agents: [AgentRecord] = []
  var hosts: [HostRecord] = []
  var freeHosts: [Int32] = []
  var hostNames: [String: HostIndex] = [:]
  var attempts = AttemptTable()
  /// By zone, then by kind of operation.
  var profiles: [LatencyProfile] = []
  /// What connections take, by zone.
  var connects: [LatencyProfile] = []
  var lateness: OwnLateness
  /// Attempts that an agent gets in a tick, on average.
  var meanUse = 0.0

  var retryBudget: RetryBudget
  var hedgeBudget: HedgeBudget
  var lastCall: Timestamp?
  package internal(set) var counters = RoutingCounters()

  package init(settings: RoutingSettings = RoutingSettings(), random: Mix64) {
    self.settings = settings
    self.random = random
    tau = settings.tau.inSeconds
    retryBudget = RetryBudget(share: settings.retryShare, perSecond: settings.retriesPerSecond)
    hedgeBudget = HedgeBudget(share: settings.hedgeShare, capacity: settings.hedgeTokens)
    lateness = OwnLateness(interval: settings.tick)
  }

  /// The host's name for `pick`; nil: nobody advertises it.
  package func host(named name: String) -> HostIndex? { hostNames[name] }

  /// Attempts under way at the agent, probes included.
  package func inFlight(agent: Int) -> Int { known(agent) ? agents[agent].inFlight : 0 }

  package var attemptsUnderWay: Int { attempts.count }

  func known(_ agent: Int) -> Bool { agents.indices.contains(agent) && agents[agent].isPresent }

  func isCurrent(_ host: HostIndex) -> Bool {
    hosts.indices.contains(Int(host.position)) && hosts[Int(host.position)].generation == host.generation
  }

  func profileIndex(zone: Int, _ operation: OperationKind) -> Int {
    zone * OperationKind.allCases.count + Int(operation.rawValue)
  }
}

/// What a router counted since it began. A value.
package struct RoutingCounters: Sendable, Hashable {
  package internal(set) var calls: UInt64 = 0
  package internal(set) var attempts: UInt64 = 0
  package internal(set) var hedges: UInt64 = 0
  package internal(set) var retries: UInt64 = 0
  package internal(set) var probes: UInt64 = 0
  /// Retries and hedges that the budgets did not pay for.
  package internal(set) var refusedByBudget: UInt64 = 0
  package internal(set) var refusals: UInt64 = 0
  package internal(set) var picksInPanic: UInt64 = 0
  package internal(set) var ejections: UInt64 = 0
  /// Attempts that timed out by the host's doing, as far as could be told.
  package internal(set) var hostTimeouts: UInt64 = 0
}
