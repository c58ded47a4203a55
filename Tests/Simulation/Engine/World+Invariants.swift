import Pool
import Routing

/// What may never happen, looked for while it runs and at its end. What a single decision could break is in `World+Calls`.
extension World {
  /// Hosts that one look of ten a second examines: the next ones in turn, so that every host has its turns.
  private static let hostsInALook = 16

  func lookAtOurs() {
    for (number, coordinator) in coordinators.enumerated() {
      if measure.detected == nil, let bad = scenario.badAgent,
        coordinator.router.standing(of: bad, now: now) != .usable
      {
        measure.detected = seconds - scenario.window.lowerBound
      }
      for agent in agents.indices {
        let isEjected = coordinator.router.standing(of: agent, now: now) == .ejected
        measure.sawEjected(number * agents.count + agent, isEjected)
      }
      for place in 0..<min(Self.hostsInALook, coordinator.hosts.count) {
        let next = (Int(seconds / Self.lookPause) * Self.hostsInALook + place) % coordinator.hosts.count
        guard let seen = coordinator.router.explain(coordinator.hosts[next], .read, now: now) else { continue }
        examine(seen)
      }
    }
  }

  /// Ejection takes at most half of a host's agents away, nobody is asked in vain, and the zones share as the formula says.
  private func examine(_ seen: RouteExplanation) {
    let there = seen.routes.filter { $0.standing != .draining }
    let ejected = there.count { $0.standing == .ejected }
    let usable = there.count { $0.standing == .usable }
    // Beyond that ejection must be ignored.
    if !seen.isPanic, ejected > 0, usable * 2 < there.count {
      measure.violate("\(seen.host): \(usable) of \(there.count) agents are left, \(ejected) are ejected, and no panic")
    }
    if !seen.isPanic, ejected * 2 > there.count {
      measure.violate("\(seen.host): \(ejected) of \(there.count) agents are ejected")
    }
    if !seen.isPanic, seen.candidates.contains(where: { $0.standing == .ejected }) {
      measure.violate("\(seen.host): an ejected agent is a candidate without panic")
    }
    if seen.candidates.contains(where: { $0.standing == .draining || $0.standing == .dead }) {
      measure.violate("\(seen.host): a candidate drains or is dead")
    }
    if seen.chosen == nil, ejected + usable > 0 {
      measure.violate("\(seen.host): nobody chosen, and somebody could have been")
    }
    let shares = Self.shares(there, isPanic: seen.isPanic)
    if zip(shares, seen.zoneShares).contains(where: { abs($0 - $1) > 1e-9 }) {
      measure.violate("\(seen.host): zones have \(seen.zoneShares), and \(shares) are due")
    }
  }

  /// `health(P) = min(1, 1.4 * healthy / total)`, and each priority takes what those before it leave, written down anew from
  /// the specification.
  private static func shares(_ routes: [RouteExplanation.Route], isPanic: Bool) -> [Double] {
    let health = (0..<4).map { priority in
      let own = routes.filter { min($0.priority, 3) == priority }
      let healthy = own.count { $0.standing == .usable || (isPanic && $0.standing == .ejected) }
      return own.isEmpty ? 0 : min(1, 1.4 * Double(healthy) / Double(own.count))
    }
    let all = min(1, health.reduce(0, +))
    guard all > 0 else { return health }
    var left = 1.0
    return health.map { one in
      let share = min(left, one / all)
      left -= share
      return share
    }
  }

  /// Agents end what they do for a call by its deadline.
  func lookAtWork() {
    for attempt in attempts where attempt.state != .free && attempt.call >= 0 {
      if calls[attempt.call].deadline < now {
        measure.violate("agent \(attempt.agent) is at call \(attempt.call) past its deadline")
      }
    }
  }

  /// When everything is over nothing is held, neither by coordinators nor by agents.
  func checkRest() {
    for call in calls where call.completions != 1 {
      measure.violate("call \(call.number) completed \(call.completions) times")
    }
    let left = attempts.count { $0.state != .free }
    if left != 0 { measure.violate("\(left) attempts have not ended") }
    for coordinator in coordinators {
      for agent in agents.indices where coordinator.router.inFlight(agent: agent) != 0 {
        measure.violate("\(coordinator.router.inFlight(agent: agent)) attempts are left at agent \(agent)")
      }
    }
    for (number, agent) in agents.enumerated() {
      if agent.working != 0 { measure.violate("agent \(number) still works on \(agent.working)") }
      if let door = agent.admission, door.working != 0 || door.waiting != 0 {
        measure.violate("agent \(number)'s door has let in \(door.working), and \(door.waiting) wait")
      }
      guard let model = agent.pool else { continue }
      let snapshot = model.pool.snapshot()
      if snapshot.leases != 0 || snapshot.waiting != 0 || snapshot.leakedLeases != 0 {
        measure.violate(
          "agent \(number)'s pool has \(snapshot.leases) leases out, \(snapshot.leakedLeases) lost, \(snapshot.waiting) wait"
        )
      }
      if snapshot.counters.evictedInUse != 0 || snapshot.counters.strayReturns != 0 {
        measure.violate("agent \(number)'s pool closed what was in use, or took back what it had not given")
      }
    }
  }
}
