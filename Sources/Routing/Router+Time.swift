/// Time: silent agents, and probes of agents that nobody asks.
extension Router {
  /// What the driver has to do after `timerFired`. A value; almost always empty.
  package struct TimerActions: Sendable {
    /// Agents that have fallen silent for good: end their attempts with `agentFailed`.
    package fileprivate(set) var dead: [Int] = []
    /// Ask each for something cheap, and tell the end of its attempt.
    package fileprivate(set) var probes: [ProbeOrder] = []

    package var isEmpty: Bool { dead.isEmpty && probes.isEmpty }
  }

  /// Something cheap that one agent shall be asked, to learn whether it is well again. A value.
  package struct ProbeOrder: Sendable {
    package let attempt: AttemptID
    package let agent: Int
    /// A host of its own, one that it reached before if there is one: stat its root. nil: it has none; that it says so shows that it is
    /// well.
    package let host: String?
    /// Seconds; then it ends with `timedOut`.
    package let timeout: Double
  }

  /// Called every `settings.tick`. How late it comes is taken as a measure of the driver's own health.
  package mutating func timerFired(now: Timestamp) -> TimerActions {
    lateness.ticked(now: now)
    smoothUse()
    var actions = TimerActions()
    for agent in agents.indices where agents[agent].isPresent {
      switch standing(of: agent, now: now) {
      case .dead:
        guard agents[agent].isLinkUp, !agents[agent].isReportedDead else { continue }
        agents[agent].isReportedDead = true
        actions.dead.append(agent)
      case .usable, .ejected:
        if isProbeDue(agent, now: now) { actions.probes.append(startProbe(agent, now: now)) }
      case .suspect, .draining:
        continue
      }
    }
    return actions
  }

  /// How much each agent is asked: a tick counts for a quarter.
  private mutating func smoothUse() {
    var sum = 0.0
    var count = 0.0
    for agent in agents.indices where agents[agent].isPresent && agents[agent].isLinkUp {
      agents[agent].use += (Double(agents[agent].begun) - agents[agent].use) / 4
      agents[agent].begun = 0
      sum += agents[agent].use
      count += 1
    }
    meanUse = count > 0 ? sum / count : 0
  }

  private func isProbeDue(_ agent: Int, now: Timestamp) -> Bool {
    let probe = agents[agent].probe
    guard !probe.isUnderWay else { return false }
    switch agents[agent].breaker.state {
    case .open(_, let until): return until <= now
    case .halfOpen: return true
    case .closed: break
    }
    guard let lastCall, lastCall.advanced(by: settings.probeWhileUsed) > now else { return false }
    let excess = excess(agent, now: now)
    guard excess > 1.5 else { return false }
    if probe.isImproving {
      return (probe.last ?? .zero).advanced(by: settings.recoveryProbeInterval) <= now
    }
    // A trickle of requests moves the estimate no faster than time does: one that is far off is probed all the same.
    let isRare = excess > 3 && agents[agent].use < meanUse / 4
    let lastAsked = isRare ? probe.last ?? .zero : max(probe.last ?? .zero, agents[agent].lastUsed)
    return lastAsked.advanced(by: settings.probeInterval) <= now
  }

  /// How many times as slow as the best one of its zone it seems to be; 0: nothing is known.
  private func excess(_ agent: Int, now: Timestamp) -> Double {
    guard agents[agent].latency.hasHistory else { return 0 }
    var least = Double.infinity
    for other in agents.indices
    where other != agent && agents[other].zone == agents[agent].zone && agents[other].latency.hasHistory {
      guard agents[other].isPresent, agents[other].isLinkUp else { continue }
      least = min(least, agents[other].latency.value(now: now, tau: tau))
    }
    return least < .infinity ? agents[agent].latency.value(now: now, tau: tau) / max(least, 0.001) : 0
  }

  private mutating func startProbe(_ agent: Int, now: Timestamp) -> ProbeOrder {
    agents[agent].breaker.probeStarted(now: now)
    agents[agent].probe.isUnderWay = true
    agents[agent].probe.last = now
    let host = probedHost(of: agent)
    let index = profileIndex(zone: agents[agent].zone, .stat)
    let timeout = AttemptTimeout.ownSeconds(
      rtt: profiles[index].rtt, normal: profiles[index].normal, timeoutsInRow: profiles[index].timeoutsInRow)
    var isWarm = true
    if let host, let route = route(of: agent, to: host) { isWarm = hosts[Int(host.position)].routes[route].isWarm }
    let id = begin(
      agent: agent, host ?? HostIndex(position: -1, generation: 0), .stat, timeout: max(timeout, 2), isWarm: isWarm,
      isFurther: true, isProbe: true, now: now)
    return ProbeOrder(
      attempt: id, agent: agent, host: host.map { hosts[Int($0.position)].name }, timeout: max(timeout, 2))
  }

  /// One that it reached, and that does not fail itself: a host that hangs would speak against the agent.
  private func probedHost(of agent: Int) -> HostIndex? {
    func isSound(_ host: HostIndex) -> Bool {
      !agents[agent].timedOut.contains(host) && isCurrent(host) && hosts[Int(host.position)].breaker.isClear
    }
    let reached = agents[agent].lastReached.flatMap { route(of: agent, to: $0) == nil ? nil : $0 }
    if let reached, isSound(reached) { return reached }
    let some = agents[agent].hosts.prefix(Self.hostsLookedAt)
    return some.first { host in
      isSound(host) && route(of: agent, to: host).map { hosts[Int(host.position)].routes[$0].isWarm } == true
    } ?? some.first(where: isSound) ?? reached ?? agents[agent].hosts.first
  }

  /// To find one for a probe.
  private static let hostsLookedAt = 64

  mutating func probeEnded(
    _ attempt: AttemptTable.Attempt, _ outcome: AttemptOutcome, elapsed: Double, now: Timestamp
  ) {
    let agent = Int(attempt.agent)
    agents[agent].probe.isUnderWay = false
    switch outcome {
    case .answered(let timings), .hostFailed(_, let timings):
      let seconds = max(0, elapsed - timings.host.inSeconds - timings.connect.inSeconds)
      let estimate = agents[agent].latency.value(now: now, tau: tau)
      agents[agent].probe.answered(seconds)
      agents[agent].probe.isImproving = seconds < estimate / 2
      if agents[agent].probe.answered >= settings.probesToRecover {
        agents[agent].latency.clamp(to: agents[agent].probe.proven, now: now, tau: tau)
      }
    case .agentFailed, .timedOut, .shed:
      agents[agent].probe.answered = 0
      agents[agent].probe.isImproving = false
    case .unprocessed, .lostToOther, .outOfTime, .abandoned:
      agents[agent].breaker.probeAbandoned(now: now)
    }
  }
}
