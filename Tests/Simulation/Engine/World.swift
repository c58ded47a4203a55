import Routing

/// One run of one scenario under one policy and seed, on a virtual clock. Confined to one thread.
package final class World {
  let scenario: Scenario
  let policy: Policy
  let seed: UInt64
  var now = Timestamp.zero
  var events = EventHeap<Event>()
  var draws: Draws
  var coordinators: [SimulatedCoordinator] = []
  var agents: [SimulatedAgent] = []
  var calls: [SimulatedCall] = []
  var attempts: [SimulatedAttempt] = []
  var freeAttempts: [Int] = []
  var measure: Measure
  var logHash: UInt64 = 0xCBF2_9CE4_8422_2325
  let popularity: Popularity

  package init(_ scenario: Scenario, _ policy: Policy, seed: UInt64) {
    self.scenario = scenario
    self.policy = policy
    self.seed = seed
    draws = Draws(seed: seed)
    measure = Measure(duration: scenario.duration, agents: scenario.agents)
    popularity = Popularity(hosts: scenario.hosts, exponent: scenario.popularity)
    build()
  }

  package func run() -> Report {
    while let (time, event) = events.next() {
      now = time
      log(event.code)
      handle(event)
    }
    return report()
  }

  var seconds: Double { Double(now.nanoseconds) * 1e-9 }
  var isInWindow: Bool { scenario.window.contains(seconds) }

  func log(_ code: UInt64) {
    logHash = (logHash ^ code ^ UInt64(bitPattern: now.nanoseconds) << 13) &* 0x0000_0100_0000_01B3
  }

  func at(_ seconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(seconds * 1e9)) }

  static func name(_ host: Int) -> String { "segment/h\(host)" }

  private func build() {
    for agent in 0..<scenario.agents {
      var made = SimulatedAgent()
      made.isThere = agent < scenario.agents - 1 || scenario.lastJoinsAt == nil
      if scenario.connect > 0 { made.warm = Array(repeating: false, count: scenario.hosts) }
      if scenario.hasAdmission { made.admission = AdmissionQueue(limit: ConcurrencyLimit()) }
      if let pool = scenario.pool {
        made.pool = PoolModel(connections: pool, connect: scenario.connect, seed: draws.generator(300 + UInt64(agent)))
      }
      agents.append(made)
    }
    for coordinator in 0..<scenario.coordinators { coordinators.append(makeCoordinator(coordinator)) }
    events.schedule(.arrival, at: at(draws.pause(rate: scenario.rate)))
    events.schedule(.look, at: at(0.05))
    if policy.isOurs {
      for coordinator in coordinators.indices {
        events.schedule(.tick(coordinator), at: at(0.01 * Double(coordinator)))
      }
      for agent in agents.indices { events.schedule(.heartbeat(agent), at: at(0.05 * Double(agent + 1))) }
    }
    for (index, fault) in scenario.faults.enumerated() {
      events.schedule(.faultBegins(index), at: at(fault.from))
      events.schedule(.faultEnds(index), at: at(fault.to))
    }
    if let joins = scenario.lastJoinsAt { events.schedule(.joins(scenario.agents - 1), at: at(joins)) }
  }

  private func makeCoordinator(_ number: Int) -> SimulatedCoordinator {
    var settings = RoutingSettings()
    if policy == .oursWithoutRetry { (settings.retryShare, settings.retriesPerSecond) = (0, 0) }
    let router = Router(settings: settings, random: draws.generator(100 + UInt64(number)))
    let made = SimulatedCoordinator(router: router, baseline: Baseline(policy, agents: scenario.agents))
    for agent in agents.indices {
      if agents[agent].isThere {
        join(made, agent)
      } else {
        made.baseline.setThere(agent, false)
      }
    }
    return made
  }

  func join(_ coordinator: SimulatedCoordinator, _ agent: Int) {
    coordinator.baseline.setThere(agent, true)
    guard policy.isOurs else { return }
    coordinator.router.agentJoined(agent, name: "agent-\(agent)", priority: scenario.priority(agent), now: now)
    let inventory = (0..<scenario.hosts).map { host in
      AdvertisedHost(Self.name(host), isWarm: scenario.connect == 0)
    }
    coordinator.router.inventoryReceived(agent, inventory, now: now)
    if coordinator.hosts.isEmpty {
      coordinator.hosts = inventory.compactMap { coordinator.router.host(named: $0.name) }
    }
  }

  private func handle(_ event: Event) {
    switch event {
    case .arrival: arrive()
    case .reply(let attempt, let generation): replyDue(attempt, generation)
    case .callTimer(let call): callTimerDue(call)
    case .tick(let coordinator): tick(coordinator)
    case .heartbeat(let agent): heartbeat(agent)
    case .faultBegins(let fault): begin(scenario.faults[fault])
    case .faultEnds(let fault): end(scenario.faults[fault])
    case .joins(let agent):
      agents[agent].isThere = true
      for coordinator in coordinators { join(coordinator, agent) }
    case .status(let call, let number, let status): statusDue(call, number, status)
    case .look: look()
    case .pool(let agent, let event): poolEvent(agent, event)
    }
  }
}
