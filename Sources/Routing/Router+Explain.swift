/// Why a host's requests go where they go, for a person.
extension Router {
  /// The state of every agent of the host, in the host's order. Changes nothing; takes time with their number.
  package func explain(_ host: HostIndex, _ operation: OperationKind, now: Timestamp) -> RouteExplanation? {
    guard isCurrent(host) else { return nil }
    let position = Int(host.position)
    let survey = survey(position, now: now)
    let found = candidates(position, operation, survey, trail: AgentTrail(), isHedge: false, now: now)
    let routes = hosts[position].routes.indices.map { index in
      let agent = Int(hosts[position].routes[index].agent)
      return RouteExplanation.Route(
        agent: agent, name: agents[agent].name, priority: agents[agent].priority,
        standing: standing(of: agent, now: now), isOverloaded: agents[agent].isOverloaded,
        slowStart: agents[agent].slowStart?.weight(now: now) ?? 1, breaker: agents[agent].breaker.state,
        phi: agents[agent].phi.phi(now: now, lateness: lateness.factor(now: now)),
        cost: cost(of: agent, position, index, operation, now: now))
    }
    return RouteExplanation(
      host: hosts[position].name, routes: routes, isPanic: survey.isPanic, zoneShares: survey.zones.shares(),
      priority: priority(of: position, survey), failing: hosts[position].breaker.failing(now: now),
      candidateAgents: found.all.map(\.agent))
  }

  /// What the operation normally takes in the agent's zone; nil: not known yet.
  package func normalLatency(agent: Int, _ operation: OperationKind) -> NormalLatency? {
    known(agent) ? profiles[profileIndex(zone: agents[agent].zone, operation)].normal : nil
  }

  /// The agent refuses so much that what another refused is not sent to it.
  func isShedding(_ agent: Int, now: Timestamp) -> Bool { known(agent) && agents[agent].shedding.isOn(now: now) }

  /// The pause before a call's next attempt; seconds.
  mutating func retryPause(before retry: Int, pushback: Duration?) -> Double {
    settings.retryPause.seconds(before: retry, pushback: pushback, random: &random)
  }

  /// Not a choice: this agent and no other. nil where it no longer advertises the host.
  package func choice(of agent: Int, _ host: HostIndex, _ operation: OperationKind, now: Timestamp) -> RouteChoice? {
    guard let route = route(of: agent, to: host), standing(of: agent, now: now) != .dead else { return nil }
    let cost = cost(of: agent, Int(host.position), route, operation, now: now)
    return RouteChoice(
      host: host, agent: agent, operation: operation, cost: cost, reason: .only, runnerUp: nil, isPanic: false,
      ejected: 0, agents: 1, timeout: AttemptTimeout.most, hedgeDelay: nil)
  }
}

/// Everything that a choice for one host depends on. A value.
package struct RouteExplanation: Sendable {
  package struct Route: Sendable {
    package let agent: Int
    package let name: String
    package let priority: Int
    package let standing: AgentStanding
    package let isOverloaded: Bool
    /// The part of its hosts that a newcomer has taken over; 1 when it is established.
    package let slowStart: Double
    package let breaker: AgentBreaker.State
    package let phi: Double
    package let cost: RouteCost
  }

  package let host: String
  /// In the host's order.
  package let routes: [Route]
  package let isPanic: Bool
  /// By priority.
  package let zoneShares: [Double]
  /// The one that serves this host; nil: no agent is healthy.
  package let priority: Int?
  package let failing: HostFailing?

  /// Those between which cost decides at this moment, the cheapest first, by their numbers: as `pick` finds them.
  package let candidateAgents: [Int]

  package var candidates: [Route] { candidateAgents.compactMap { agent in routes.first { $0.agent == agent } } }

  /// Whom a call's first attempt would ask; nil: nobody can be asked.
  package var chosen: Route? { candidates.first }
}
