import Routing

/// A router with a few agents that all know the same hosts, and instants that tests set. Confined to its test.
final class Fleet {
  var router: Router

  /// - Parameter hosts: "h0", "h1", ... warm everywhere.
  init(agents: Int, hosts: Int = 1, priorities: [Int] = [], isWarm: Bool = true, settings: RoutingSettings = .init()) {
    router = Router(settings: settings, random: Mix64(seed: 5))
    for agent in 0..<agents {
      let priority = priorities.indices.contains(agent) ? priorities[agent] : 0
      router.agentJoined(agent, name: "agent-\(agent)", priority: priority, now: at(0))
      router.inventoryReceived(agent, (0..<hosts).map { AdvertisedHost("h\($0)", isWarm: isWarm) }, now: at(0))
    }
  }

  func host(_ number: Int = 0) -> HostIndex? { router.host(named: "h\(number)") }

  /// Who is chosen; nil: nobody.
  func pick(_ number: Int = 0, now: Double, trail: AgentTrail = AgentTrail(), isHedge: Bool = false) -> Int? {
    guard let host = host(number) else { return nil }
    return try? router.pick(host, .stat, trail: trail, isHedge: isHedge, now: at(now)).agent
  }

  /// One attempt at one agent, from `now` on for `milliseconds`.
  ///
  /// - Parameter beside: what happens while it is under way.
  func attempt(
    at agent: Int, _ number: Int = 0, now: Double, for milliseconds: Double, _ outcome: AttemptOutcome,
    beside: () -> Void = {}
  ) {
    // Every other agent is avoided.
    guard let host = host(number) else { return }
    for _ in 0..<8 {
      var trail = AgentTrail()
      while let choice = try? router.pick(host, .stat, trail: trail, now: at(now)), !trail.contains(choice.agent) {
        guard choice.agent != agent else {
          let id = router.attemptStarted(choice, now: at(now))
          beside()
          router.attemptEnded(id, outcome, now: at(now + milliseconds))
          return
        }
        trail.insert(choice.agent)
      }
    }
  }

  func standing(of agent: Int, now: Double) -> AgentStanding { router.standing(of: agent, now: at(now)) }

  func explain(_ number: Int = 0, now: Double) -> RouteExplanation? {
    host(number).flatMap { router.explain($0, .stat, now: at(now)) }
  }

  func tick(now: Double) -> Router.TimerActions { router.timerFired(now: at(now)) }

  func choose(_ host: HostIndex, trail: AgentTrail = AgentTrail(), now: Double) throws(RouteRefusal) -> RouteChoice {
    try router.pick(host, .stat, trail: trail, now: at(now))
  }

  func inFlight(_ agent: Int) -> Int { router.inFlight(agent: agent) }
  var underWay: Int { router.attemptsUnderWay }
  var hostCount: Int { router.hostCount }
  var counters: RoutingCounters { router.counters }
}
