package import Routing

/// How a host would be asked now, and why not otherwise. A value.
package struct HostRoute: Sendable {
  package let host: String
  /// nil where no agent reports the host at present.
  package let explanation: RouteExplanation?
  /// When the explanation was made.
  let now: Timestamp
  /// Who is asked where routing finds nobody: its link may be coming up.
  let instead: String?

  init(host: String, explanation: RouteExplanation?, now: Timestamp, instead: String? = nil) {
    self.host = host
    self.explanation = explanation
    self.now = now
    self.instead = instead
  }

  /// Where it is given, nobody is asked, and its last error is told.
  private var failing: HostFailing? {
    guard !isDirect, let failing = explanation?.failing, failing.retryIn > .zero else { return nil }
    return failing
  }

  var chosen: RouteExplanation.Route? { failing == nil ? explanation?.chosen : nil }
  /// There is nothing to choose.
  var isDirect: Bool { explanation?.routes.count == 1 }
  /// Agents of several priorities report the host.
  var hasPriorities: Bool { Set(explanation?.routes.map(\.level) ?? []).count > 1 }

  var reason: String {
    guard let explanation, let first = explanation.routes.first else { return "no agent reports this host at present" }
    if isDirect {
      let asked = "the only agent of this host: it is asked directly"
      return explanation.chosen == nil
        ? "\(first.name) is \(asked); it is \(explanation.state(of: first, now: now))"
        : "it is \(asked)"
    }
    if let failing {
      return "the host itself has failed \(failing.failures) times in a row: its last error is told, and it is tried "
        + "again in \(failing.retryIn.wholeMilliseconds) ms"
    }
    guard let chosen = explanation.chosen else {
      return "no agent of this host is well"
        + (instead.map { "; \($0) is asked all the same, since its link may be coming up" } ?? "")
    }
    return comparison(chosen, explanation) + (explanation.isPanic ? "; \(Self.panic)" : "")
  }

  private static let panic =
    "panic: fewer than half of its agents are usable, so that an ejected one may be asked as well"

  private func comparison(_ chosen: RouteExplanation.Route, _ explanation: RouteExplanation) -> String {
    if let other = explanation.candidates.dropFirst().first {
      return chosen.cost.total < other.cost.total
        ? "it costs less than \(other.name)" : "it costs as much as \(other.name) and comes first for this host"
    }
    let others = explanation.routes.filter { $0.agent != chosen.agent }
    let told = others.prefix(3).map { "\($0.name): \(explanation.why($0, now: now))" }
    let more = others.count > told.count ? "; and so on for \(others.count - told.count) more" : ""
    return "no other agent comes into question (" + told.joined(separator: "; ") + more + ")"
  }

  /// Why the agent is, or is not, the one that is asked.
  func why(_ route: RouteExplanation.Route) -> String {
    guard let explanation else { return "" }
    guard route.agent == explanation.chosen?.agent else { return explanation.why(route, now: now) }
    return chosen == nil ? "it would be asked, but for the host's own failures" : "it is asked"
  }
}

extension RouteExplanation.Route {
  /// Agents beyond the last priority count as of it.
  var level: Int { min(priority, ZonePriority.levels - 1) }

  /// Milliseconds until a probe may ask it again; 0: one is due or under way; nil: its breaker is closed.
  func probeIn(now: Timestamp) -> Double? {
    switch breaker {
    case .closed: nil
    case .halfOpen: 0
    case .open(_, let until): until.seconds(since: now) * 1000
    }
  }
}

extension RouteExplanation {
  /// Why an agent is not chosen.
  func why(_ route: Route, now: Timestamp) -> String {
    guard !candidateAgents.contains(route.agent) else {
      return candidates.first.map { route.cost.total > $0.cost.total } == true
        ? "it costs more" : "it costs as much and comes later for this host"
    }
    guard route.standing == .usable else { return state(of: route, now: now) }
    if let served = priority, served != route.level, isOfOnePriority { return standby(route, served) }
    let isPassedOver = candidates.count < 2 || place(route) < (candidates.map(place).max() ?? 0)
    guard route.slowStart < 1 else { return "others come before it for this host, and two are compared" }
    let share = "serves \(Int(route.slowStart * 100)) % of its hosts so far"
    return isPassedOver
      ? "new here: it \(share), and not yet this one" : "others come before it for this host; it is new: \(share)"
  }

  /// An agent's standing, in words that follow "it is".
  func state(of route: Route, now: Timestamp) -> String {
    switch route.standing {
    case .usable: return "usable"
    case .dead: return "silent, or its link is down"
    case .draining: return "draining: it ends what runs and takes nothing new"
    case .suspect: return "suspect: silent for longer than usual, and asked only where nobody else is left"
    case .ejected:
      let wait = route.probeIn(now: now) ?? 0
      let probe = wait > 0 ? "a probe may ask it in \(Int(wait.rounded(.up))) ms" : "a probe is due or under way"
      return "ejected: it failed too often; \(probe)"
    }
  }

  /// Only usable agents of the host's priority were looked at.
  private var isOfOnePriority: Bool {
    candidates.allSatisfy { $0.standing != .usable || $0.level == priority }
  }

  private func place(_ route: Route) -> Int { routes.firstIndex { $0.agent == route.agent } ?? 0 }

  private func standby(_ route: Route, _ served: Int) -> String {
    let share = Int((100 * (zoneShares.indices.contains(route.level) ? zoneShares[route.level] : 0)).rounded())
    return route.level > served
      ? "stands in (#\(route.level)) for what priority \(served) cannot take, \(share) % of the hosts at present"
      : "its priority \(route.level) has \(share) % of the hosts at present, and this one is left to priority \(served)"
  }
}
