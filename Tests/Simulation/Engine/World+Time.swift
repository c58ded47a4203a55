import Routing

/// What happens regularly.
extension World {
  /// Between two looks of the observer; seconds.
  static let lookPause = 0.1
  /// Of a probe's own timeout; seconds.
  static let probePatience = 2.0

  /// The traffic, or something of it, is still there.
  private var goesOn: Bool { seconds < scenario.duration }

  func tick(_ coordinator: Int) {
    if goesOn {
      let actions = coordinators[coordinator].router.timerFired(now: now)
      for agent in actions.dead { failAll(at: agent, coordinator: coordinator) }
      for probe in actions.probes { sendProbe(probe, coordinator: coordinator) }
    }
    if goesOn || coordinators[coordinator].router.attemptsUnderWay > 0 {
      events.schedule(.tick(coordinator), at: now.advanced(bySeconds: 0.25))
    }
    // A probe has its own timeout; what is stuck by then is given up.
    for place in attempts.indices {
      guard let probe = attempts[place].probe, attempts[place].state != .free,
        attempts[place].coordinator == coordinator, now.seconds(since: attempts[place].sent) >= Self.probePatience
      else { continue }
      release(place, isDone: false)
      coordinators[coordinator].router.attemptEnded(probe, .timedOut, now: now)
    }
  }

  func heartbeat(_ agent: Int) {
    if goesOn { events.schedule(.heartbeat(agent), at: now.advanced(bySeconds: 0.5)) }
    guard agents[agent].isThere, !agents[agent].isHung else { return }
    let evicted = agents[agent].pool?.takeEvicted() ?? []
    for coordinator in coordinators {
      coordinator.router.heartbeat(agent, isDraining: agents[agent].isDraining, now: now)
      for host in evicted { coordinator.router.warmthChanged(agent, host: coordinator.hosts[host], isWarm: false) }
    }
  }

  func look() {
    if goesOn { events.schedule(.look, at: now.advanced(bySeconds: Self.lookPause)) }
    guard isInWindow else { return }
    var all = 0
    var most = 0
    for agent in agents.indices {
      var inFlight = 0
      for coordinator in coordinators {
        inFlight += policy.isOurs ? coordinator.router.inFlight(agent: agent) : coordinator.baseline.inFlight(agent)
      }
      all += inFlight
      most = max(most, inFlight)
    }
    if all > 0 {
      measure.imbalance += Double(most * agents.count) / Double(all)
      measure.looks += 1
    }
    guard policy.isOurs else { return }
    lookAtOurs()
    lookAtWork()
  }
}
