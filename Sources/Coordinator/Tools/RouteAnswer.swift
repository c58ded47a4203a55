import MCP
import Routing

extension AnswerJSON {
  static func of(_ route: HostRoute) -> JSON {
    let candidates = Set((route.explanation?.candidates ?? []).map(\.agent))
    var members: JSONObject = [
      "host": .string(route.host), "reason": .string(route.reason),
      "agents": .array(
        (route.explanation?.routes ?? []).map { of($0, in: route, isCandidate: candidates.contains($0.agent)) }),
    ]
    if let chosen = route.chosen { members["chosen"] = .string(chosen.name) }
    if let explanation = route.explanation, !route.isDirect {
      members["panic"] = .bool(explanation.isPanic)
      if route.hasPriorities {
        if let priority = explanation.priority { members["priority"] = .int(Int64(priority)) }
        members["shares"] = .array(explanation.zoneShares.map { .double(($0 * 100).rounded() / 100) })
      }
    }
    if let failing = route.explanation?.failing {
      members["failing"] = [
        "last_error": .string(ReadableText.shortened(failing.reason, limit: 300)),
        "age_ms": .int(Int64(failing.age.wholeMilliseconds)), "failures": .int(Int64(failing.failures)),
        "retry_in_ms": .int(Int64(failing.retryIn.wholeMilliseconds)),
      ]
    }
    return .object(members)
  }

  private static func of(_ agent: RouteExplanation.Route, in route: HostRoute, isCandidate: Bool) -> JSON {
    var members: JSONObject = [
      "name": .string(agent.name), "standing": .string(agent.standing.rawValue), "candidate": .bool(isCandidate),
      "why": .string(route.why(agent)), "priority": .int(Int64(agent.priority)),
      "in_flight": .int(Int64(agent.cost.inFlight)), "cost_ms": .double(milliseconds(agent.cost.total)),
      "warm": .bool(agent.cost.isWarm), "oldest_ms": .double(milliseconds(agent.cost.oldest)),
      "phi": .double((agent.phi * 10).rounded() / 10), "overloaded": .bool(agent.isOverloaded),
    ]
    if let latency = agent.cost.latency { members["latency_ms"] = .double(milliseconds(latency)) }
    if let connect = agent.cost.connect { members["connect_ms"] = .double(milliseconds(connect)) }
    if agent.slowStart < 1 { members["slow_start"] = .double((agent.slowStart * 100).rounded() / 100) }
    if let wait = agent.probeIn(now: route.now) { members["probe_in_ms"] = .int(Int64(wait.rounded(.up))) }
    return .object(members)
  }

  static func milliseconds(_ seconds: Double) -> Double { (seconds * 10_000).rounded() / 10 }
}

extension AnswerText {
  static func of(_ route: HostRoute) -> String {
    var out = "\(route.host): " + (route.chosen.map { "through \($0.name), since " } ?? "") + route.reason
    out = ReadableText.escaped(out) + "\n"
    if route.hasPriorities, let explanation = route.explanation, let priority = explanation.priority {
      let shares = explanation.zoneShares.enumerated().filter { $1 > 0 }
        .map { "priority \($0) \(Int(($1 * 100).rounded())) %" }
      out += "  of the hosts of these agents: \(shares.joined(separator: ", ")); this one: priority \(priority)\n"
    }
    for agent in route.explanation?.routes ?? [] {
      out += "  \(ReadableText.escaped(agent.name)) (\(agent.standing.rawValue)): \(cost(agent))"
      out += (route.isDirect ? "" : leftOut(agent, in: route)) + "\n"
    }
    out.removeLast()
    return out
  }

  private static func cost(_ agent: RouteExplanation.Route) -> String {
    let cost = agent.cost
    var terms = [cost.latency.map { "latency \(AnswerJSON.milliseconds($0)) ms" } ?? "never asked"]
    if cost.oldest > 0 { terms.append("oldest request \(AnswerJSON.milliseconds(cost.oldest)) ms") }
    terms.append(cost.connect.map { "connecting \(AnswerJSON.milliseconds($0)) ms" } ?? "connected")
    terms.append("\(cost.inFlight) in flight")
    if agent.isOverloaded { terms.append("overloaded: it gets no second attempts") }
    return "cost \(AnswerJSON.milliseconds(cost.total)) ms = " + terms.joined(separator: ", ")
  }

  /// Costs say enough of those that were compared.
  private static func leftOut(_ agent: RouteExplanation.Route, in route: HostRoute) -> String {
    route.explanation?.candidateAgents.contains(agent.agent) == true
      ? "" : "; not asked: \(ReadableText.escaped(route.why(agent)))"
  }
}
