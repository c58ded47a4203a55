/// Agents that come, go, and are heard of.
extension Router {
  /// Agents, numbered from 0; a route is 8 bytes because of it.
  package static let mostAgents = 65_535

  /// An agent is there: its link stands. Also after a time without.
  ///
  /// - Parameter zone: whose latencies are alike; numbered by the caller from 0 and small.
  /// - Parameter priority: 0 is asked first, up to 3.
  /// - Returns: false where `agent` or `zone` is out of range; nothing is changed then.
  @discardableResult
  package mutating func agentJoined(
    _ agent: Int, name: String, zone: Int = 0, priority: Int = 0, now: Timestamp
  ) -> Bool {
    guard (0..<Self.mostAgents).contains(agent), (0..<Self.mostAgents).contains(zone) else { return false }
    while agents.count <= agent { agents.append(AgentRecord(settings: settings)) }
    attempts.makeRoom(agents: agents.count)
    while profiles.count < profileIndex(zone: zone + 1, .stat) { profiles.append(LatencyProfile()) }
    while connects.count <= zone { connects.append(LatencyProfile()) }
    // Only a newcomer among established agents starts slowly: when all are new, all start.
    let isAmongEstablished = agents.contains { other in
      other.isPresent && other.isLinkUp && other.joined.advanced(by: settings.slowStart) <= now
    }
    if !agents[agent].isPresent { agents[agent].enter(name: name, now: now) }
    agents[agent].zone = zone
    agents[agent].priority = max(0, priority)
    agents[agent].isBack = agents[agent].linkLostAt.map { now <= $0.advanced(by: settings.slowStart) } ?? false
    agents[agent].isLinkUp = true
    agents[agent].isDraining = false
    agents[agent].isReportedDead = false
    agents[agent].joined = now
    agents[agent].phi = PhiAccrual(settings.phi)
    agents[agent].suspectAt = nil
    agents[agent].slowStart =
      isAmongEstablished ? SlowStart(began: now, window: settings.slowStart, least: settings.slowStartLeast) : nil
    return true
  }

  /// The link is gone: nothing new goes there. The driver tells the end of each of its attempts.
  package mutating func linkLost(_ agent: Int, now: Timestamp) {
    guard known(agent) else { return }
    if agents[agent].isLinkUp { agents[agent].linkLostAt = now }
    agents[agent].isLinkUp = false
    // Its pool may outlive a link; the first answers tell.
    agents[agent].probe = ProbeRecord()
  }

  /// The agent said that it stops: what is under way ends in peace, nothing new begins.
  package mutating func drainingBegan(_ agent: Int) {
    guard known(agent) else { return }
    agents[agent].isDraining = true
  }

  package mutating func heartbeat(
    _ agent: Int, isOverloaded: Bool = false, isDraining: Bool = false, connectLimit: Double? = nil, now: Timestamp
  ) {
    guard known(agent) else { return }
    agents[agent].phi.heartbeat(now: now)
    agents[agent].suspectAt = agents[agent].phi.reaches(settings.phi.suspect)
    agents[agent].isReportedDead = false
    agents[agent].isOverloaded = isOverloaded
    agents[agent].isDraining = isDraining
    agents[agent].connectLimit = connectLimit
  }

  /// Whether the agent can be chosen at `now`.
  package func standing(of agent: Int, now: Timestamp) -> AgentStanding {
    guard known(agent) else { return .dead }
    if !agents[agent].isLinkUp { return .dead }
    if agents[agent].isDraining { return .draining }
    if let suspectAt = agents[agent].suspectAt, now >= suspectAt {
      let phi = agents[agent].phi.phi(now: now, lateness: lateness.factor(now: now))
      if phi >= settings.phi.dead { return .dead }
      if phi >= settings.phi.suspect { return .suspect }
    }
    return agents[agent].breaker.isClosed ? .usable : .ejected
  }
}
