/// Names a host of a `Router` until no agent advertises it any more. A name never comes to mean another host.
package struct HostIndex: Sendable, Hashable {
  let position: Int32
  let generation: UInt32
}

/// Names an attempt until it ends.
package struct AttemptID: Sendable, Hashable {
  let position: Int32
  let generation: UInt32
}

/// Agents that a call has tried; up to four. A value without memory of its own.
package struct AgentTrail: Sendable, Hashable {
  private var agents: (Int32, Int32, Int32, Int32) = (-1, -1, -1, -1)

  package init() {}

  package var isEmpty: Bool { agents.0 < 0 }

  package mutating func insert(_ agent: Int) {
    guard !contains(agent) else { return }
    agents = (Int32(agent), agents.0, agents.1, agents.2)
  }

  package func contains(_ agent: Int) -> Bool {
    let agent = Int32(agent)
    return agents.0 == agent || agents.1 == agent || agents.2 == agent || agents.3 == agent
  }

  package static func == (left: AgentTrail, right: AgentTrail) -> Bool { left.agents == right.agents }
  package func hash(into hasher: inout Hasher) { hasher.combine(agents.0) }
}

/// The agent that is to ask a host, and why. A value without memory of its own.
package struct RouteChoice: Sendable, Hashable {
  package enum Reason: String, Sendable, Hashable {
    /// Nobody else could be chosen.
    case only
    /// It costs least.
    case leastCost = "least cost"
    /// As cheap as another; the order of the host decides.
    case order
  }

  package let host: HostIndex
  /// The number under which the caller made the agent known.
  package let agent: Int
  package let operation: OperationKind
  package let cost: RouteCost
  package let reason: Reason
  /// The cheapest of the others, if there was one.
  package let runnerUp: Double?
  /// Fewer than half of the host's agents are usable, so ejection is ignored (`Panic`).
  package let isPanic: Bool
  /// How many agents' ejection was respected, of how many that do not drain.
  package let ejected: Int
  package let agents: Int
  /// Of the attempt, the call's deadline left out; seconds.
  package let timeout: Double
  /// After which a second attempt pays; nil: too little is known. Seconds.
  package let hedgeDelay: Double?
}

/// Why no agent is asked. One of the errors that `Router.pick` throws.
package enum RouteRefusal: Error, Sendable, Hashable {
  /// No agent advertises it.
  case unknownHost
  /// Every agent of the host is on its way out.
  case allDraining
  /// No agent of the host can be reached.
  case noAgentAlive
  /// The host itself fails; nobody is asked before `retryIn`.
  case hostFailing(HostFailing)
  /// Only for a hedge: nobody else could be chosen.
  case noOther
}
