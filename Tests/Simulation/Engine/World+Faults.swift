import Routing

/// What goes wrong, and what coordinators hear of it.
extension World {
  func begin(_ fault: Scenario.Fault) {
    for agent in fault.agents {
      switch fault.kind {
      case .slow(let factor): agents[agent].slowness = factor
      case .failing(let share): agents[agent].failing = share
      case .hang: agents[agent].isHung = true
      case .draining:
        agents[agent].isDraining = true
        for coordinator in coordinators { coordinator.router.drainingBegan(agent) }
      case .killed: kill(agent)
      }
    }
  }

  func end(_ fault: Scenario.Fault) {
    for agent in fault.agents {
      switch fault.kind {
      case .slow: agents[agent].slowness = 1
      case .failing: agents[agent].failing = 0
      case .hang: agents[agent].isHung = false
      case .draining:
        agents[agent].isDraining = false
        for coordinator in coordinators { coordinator.router.heartbeat(agent, now: now) }
      case .killed:
        agents[agent].isThere = true
        if policy.isOurs { for coordinator in coordinators { join(coordinator, agent) } }
      }
    }
  }

  private func kill(_ agent: Int) {
    agents[agent].isThere = false
    for coordinator in coordinators { coordinator.router.linkLost(agent, now: now) }
    agents[agent].clearLine()
    failAll(at: agent, coordinator: nil)
  }

  /// Ends what a coordinator (nil: every one) has under way at an agent, as a reset does.
  func failAll(at agent: Int, coordinator: Int?) {
    let failure = AttemptFailure(.agent, mayHaveRun: true)
    for place in attempts.indices
    where attempts[place].state != .free && attempts[place].agent == agent
      && (coordinator == nil || coordinator == attempts[place].coordinator)
    {
      attempts[place].reply = .failed(failure)
      var ended = attempts[place]
      ended.reply = .failed(failure)
      release(place, isDone: false)
      deliver(ended)
    }
  }
}
