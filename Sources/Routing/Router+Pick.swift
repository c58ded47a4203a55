/// The choice of an agent.
extension Router {
  /// What may be chosen, from the strictest on: the first that yields anybody decides.
  private enum Leniency: Int, CaseIterable {
    /// Usable agents of the host's priority; newcomers only for the hosts that they have taken over, or kept.
    case strict
    /// Usable agents of any priority.
    case anyPriority
    /// Newcomers too.
    case newcomers
    /// Suspects too: a doubtful agent is better than none.
    case suspects
  }

  /// The agent that shall ask `host`.
  ///
  /// - Parameter trail: agents that this call has tried. They are chosen again only where nobody else is left, and by a
  ///   hedge never.
  /// - Parameter isHedge: a second attempt beside one that is under way.
  /// - Throws: why nobody is to be asked. Only the first pick of a call (`trail` empty) is refused for a failing host.
  package mutating func pick(
    _ host: HostIndex, _ operation: OperationKind, trail: AgentTrail = AgentTrail(), isHedge: Bool = false,
    now: Timestamp
  ) throws(RouteRefusal) -> RouteChoice {
    do {
      return try choose(host, operation, trail: trail, isHedge: isHedge, now: now)
    } catch {
      counters.refusals += 1
      throw error
    }
  }

  private mutating func choose(
    _ host: HostIndex, _ operation: OperationKind, trail: AgentTrail, isHedge: Bool, now: Timestamp
  ) throws(RouteRefusal) -> RouteChoice {
    guard isCurrent(host) else { throw .unknownHost }
    let position = Int(host.position)
    if trail.isEmpty, hosts[position].breaker.isOpen, let failing = hosts[position].breaker.admit(now: now) {
      throw .hostFailing(failing)
    }
    let survey = survey(position, now: now)
    guard survey.agents > 0 else { throw survey.draining > 0 ? .allDraining : .unknownHost }
    let found = candidates(position, operation, survey, trail: trail, isHedge: isHedge, now: now)
    guard let best = found.best else { throw isHedge ? .noOther : .noAgentAlive }
    if survey.isPanic { counters.picksInPanic += 1 }
    return choice(host, operation, best, found, survey, now: now)
  }

  /// Those between which cost decides; none where nobody can be asked.
  func candidates(
    _ position: Int, _ operation: OperationKind, _ survey: Survey, trail: AgentTrail, isHedge: Bool, now: Timestamp
  ) -> Candidates {
    let priority = priority(of: position, survey)
    func found(avoiding trail: AgentTrail) -> Candidates? {
      for leniency in Leniency.allCases {
        let found = candidates(
          position, operation, survey, priority: priority, leniency, trail: trail, isHedge: isHedge, now: now)
        if found.best != nil { return found }
      }
      return nil
    }
    if let found = found(avoiding: trail) { return found }
    // Who was asked already only where nobody else is left, and never by a hedge.
    if !isHedge, !trail.isEmpty, let found = found(avoiding: AgentTrail()) { return found }
    return Candidates()
  }

  /// Of the agents that serve the host; nil: none is healthy.
  func priority(of position: Int, _ survey: Survey) -> Int? {
    survey.zones.choose(position: Rendezvous.position(host: hosts[position].hash, salt: 1))
  }

  /// What the host's agents are like, all together.
  struct Survey {
    var zones = ZonePriority()
    /// Those that do not drain.
    var agents = 0
    var usable = 0
    var ejected = 0
    var draining = 0
    var isPanic: Bool { Panic.isOn(usable: usable, ejected: ejected, agents: agents) }
  }

  func survey(_ position: Int, now: Timestamp) -> Survey {
    var survey = Survey()
    for index in hosts[position].routes.indices {
      let agent = Int(hosts[position].routes[index].agent)
      switch standing(of: agent, now: now) {
      case .draining: survey.draining += 1
      case .ejected:
        survey.agents += 1
        survey.ejected += 1
      case .usable:
        survey.agents += 1
        survey.usable += 1
      case .suspect, .dead: survey.agents += 1
      }
    }
    let isPanic = survey.isPanic
    for index in hosts[position].routes.indices {
      let agent = Int(hosts[position].routes[index].agent)
      let standing = standing(of: agent, now: now)
      guard standing != .draining else { continue }
      survey.zones.count(
        priority: agents[agent].priority, isHealthy: standing == .usable || (isPanic && standing == .ejected))
    }
    return survey
  }

  /// The first two that may be chosen in the host's order; a third where one of them is ejected but for panic, or both
  /// are far slower than normal.
  private func candidates(
    _ position: Int, _ operation: OperationKind, _ survey: Survey, priority: Int?, _ leniency: Leniency,
    trail: AgentTrail, isHedge: Bool, now: Timestamp
  ) -> Candidates {
    var found = Candidates()
    var spare: (agent: Int, route: Int)?
    for index in hosts[position].routes.indices {
      let agent = Int(hosts[position].routes[index].agent)
      guard !trail.contains(agent) else { continue }
      switch standing(of: agent, now: now) {
      case .usable: break
      case .ejected:
        if survey.isPanic, !isHedge, spare == nil { spare = (agent, index) }
        continue
      case .suspect:
        guard leniency == .suspects else { continue }
      case .dead, .draining: continue
      }
      if isHedge, agents[agent].isOverloaded || agents[agent].shedding.isOn(now: now) { continue }
      if leniency == .strict, let priority, min(agents[agent].priority, ZonePriority.levels - 1) != priority {
        continue
      }
      if leniency.rawValue < Leniency.newcomers.rawValue, !isAdmitted(agent, position, index, now: now) { continue }
      let cost = cost(of: agent, position, index, operation, now: now)
      found.insert(agent, cost)
      if found.count == 2, found.leastLatency <= shunLimit(agents[agent].zone, operation) { break }
      if found.count == 3 { break }
    }
    if let spare, found.count < 3 {
      found.insert(spare.agent, cost(of: spare.agent, position, spare.route, operation, now: now))
    }
    return found
  }

  /// One whose link was away for a moment takes up at once what it is still connected to.
  private func isAdmitted(_ agent: Int, _ position: Int, _ route: Int, now: Timestamp) -> Bool {
    guard let slowStart = agents[agent].slowStart else { return true }
    if agents[agent].isBack, hosts[position].routes[route].isWarm { return true }
    let place = Rendezvous.position(host: hosts[position].hash, salt: agents[agent].hash)
    return slowStart.admits(position: place, now: now)
  }

  /// Beyond this latency an agent does not count as one of two good ones.
  private func shunLimit(_ zone: Int, _ operation: OperationKind) -> Double {
    guard let normal = profiles[profileIndex(zone: zone, operation)].normal else { return .infinity }
    return max(5 * normal.median, 0.05)
  }

  func cost(of agent: Int, _ position: Int, _ route: Int, _ operation: OperationKind, now: Timestamp) -> RouteCost {
    let way = hosts[position].routes[route]
    let connect =
      way.isWarm
      ? nil
      : way.connect > 0 ? Double(way.connect) : agents[agent].connect ?? settings.connectPrior.inSeconds
    return RouteCost(
      latency: agents[agent].latency.hasHistory ? agents[agent].latency.value(now: now, tau: tau) : nil,
      oldest: oldest(of: agent, now: now), connect: connect, inFlight: agents[agent].inFlight)
  }

  /// How long the agent's oldest attempt has waited, less what hosts usually take for its kind, and twice what a
  /// connection does for one that has to make it: a handshake says nothing about the agent.
  private func oldest(of agent: Int, now: Timestamp) -> Double {
    guard agents[agent].inFlight > 0 else { return 0 }
    var oldest = 0.0
    for operation in OperationKind.allCases {
      let host = profiles[profileIndex(zone: agents[agent].zone, operation)].hostTime
      if let began = attempts.oldest(agent: agent, operation, isWarm: true) {
        oldest = max(oldest, now.seconds(since: began) - 2 * host)
      }
      if let began = attempts.oldest(agent: agent, operation, isWarm: false) {
        let connect = agents[agent].connect ?? settings.connectPrior.inSeconds
        oldest = max(oldest, now.seconds(since: began) - 2 * (host + connect))
      }
    }
    return oldest
  }

  private mutating func choice(
    _ host: HostIndex, _ operation: OperationKind, _ best: Candidates.Candidate, _ found: Candidates, _ survey: Survey,
    now: Timestamp
  ) -> RouteChoice {
    let zone = agents[best.agent].zone
    let index = profileIndex(zone: zone, operation)
    profiles[index].refresh(hedgeShare: hedgeBudget.share, now: now)
    var timeout = AttemptTimeout.ownSeconds(
      rtt: profiles[index].rtt, normal: profiles[index].normal, timeoutsInRow: profiles[index].timeoutsInRow)
    var hedgeDelay = HedgeDelay.seconds(profiles[index].normal)
    if let connect = best.cost.connect {
      timeout += agents[best.agent].connectLimit ?? connectTimeout(zone: zone, now: now)
      // A cold connection is slow by nature; a second one would cost as much again.
      hedgeDelay = hedgeDelay.map { $0 + 2 * connect }
    }
    let reason: RouteChoice.Reason =
      if let second = found.runnerUp { second.cost.total > best.cost.total ? .leastCost : .order } else { .only }
    return RouteChoice(
      host: host, agent: best.agent, operation: operation, cost: best.cost, reason: reason,
      runnerUp: found.runnerUp?.cost.total, isPanic: survey.isPanic, ejected: survey.isPanic ? 0 : survey.ejected,
      agents: survey.agents, timeout: timeout, hedgeDelay: hedgeDelay)
  }

  /// What a cold connection is granted beyond the attempt's own timeout where its agent does not say what it grants; seconds. An
  /// agent that does gives the host up first, and says so.
  private mutating func connectTimeout(zone: Int, now: Timestamp) -> Double {
    connects[zone].refresh(hedgeShare: hedgeBudget.share, now: now)
    guard let normal = connects[zone].normal, normal.samples >= AttemptTimeout.samplesNeeded else {
      return ConnectTimeout.withoutSamples - AttemptTimeout.withoutSamples
    }
    return ConnectTimeout.tcp(connects[zone].rtt) + ConnectTimeout.handshake(normal)
  }
}
