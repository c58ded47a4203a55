import AgentAPI
import MCP
package import Routing

/// `route`: which agents reach a host, what asking each would cost now, and which would be asked.
struct RouteTool: ScoutTool {
  let core: CoordinatorCore

  var definition: MCPTool {
    MCPTool(
      name: "route", title: "Route to a host",
      description:
        "Which agents reach a host, what asking each would cost at this moment, term by term, and which would be asked and why. Asks nobody.",
      inputSchema: Schema.input(["host": Schema.string("One host: web1 or dc1/web1")], required: ["host"]),
      outputSchema: [
        "type": "object",
        "properties": [
          "host": ["type": "string"], "chosen": ["type": "string"], "reason": ["type": "string"],
          "agents": ["type": "array", "items": ["type": "object", "required": ["name", "standing"]]],
          "failing": ["type": "object"],
        ],
        "required": ["host", "agents", "reason"],
      ],
      annotations: .looking)
  }

  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult {
    let arguments = try ToolArguments(arguments, tool: "route", known: ["host"])
    guard let text = try arguments.string("host") else { throw TargetError("Give the host, as in web1 or dc1/web1") }
    let selector = try Target.hostOnly(text).hosts
    do throws(HostFailure) {
      let route = try await core.route(selector, options)
      return ToolResult(outcome: MCPToolOutcome(structured: AnswerJSON.of(route), text: AnswerText.of(route)))
    } catch {
      return ToolResult(outcome: MCPToolOutcome(text: ReadableText.escaped(error.message), isError: true))
    }
  }
}

/// How a host would be asked now. A value.
package struct HostRoute: Sendable {
  package let host: String
  /// nil where no agent reports the host at present.
  package let explanation: RouteExplanation?

  var chosen: RouteExplanation.Route? { explanation?.chosen }
  /// There is nothing to choose.
  var isDirect: Bool { explanation?.routes.count == 1 }

  var reason: String {
    guard let explanation else { return "no agent reports this host at present" }
    if let failing = explanation.failing {
      return "the host itself has failed \(failing.failures) times in a row: it is tried again in "
        + "\(failing.retryIn.wholeMilliseconds) ms"
    }
    guard let chosen = explanation.chosen else { return "no agent of this host can be asked" }
    if isDirect { return "it is the only agent of this host: it is asked directly, and nothing is measured" }
    guard let other = explanation.candidates.dropFirst().first else { return "no other agent can be asked" }
    return chosen.cost.total < other.cost.total
      ? "it costs less than \(other.name)" : "it costs as much as \(other.name) and comes first for this host"
  }
}

extension CoordinatorCore {
  /// Which agents reach a host and which would be asked. Asks nobody.
  ///
  /// - Throws: a failure that names the selector where it does not mean exactly one host.
  package func route(_ selector: HostSelector, _ options: CallOptions) async throws(HostFailure) -> HostRoute {
    let deadline = ContinuousClock.now + (options.timeout ?? settings.timeout)
    let roster = await directory.roster(until: deadline) { roster in
      if case .success = roster.select(selector) { true } else { false }
    }
    let chosen: [Int]
    switch roster.select(selector) {
    case .success(let hosts): chosen = hosts
    case .failure(let failure): throw failure
    }
    guard let only = chosen.first, chosen.count == 1 else {
      throw HostFailure(
        host: selector.text, code: .unknownHost,
        message: "'\(selector.text)' means \(chosen.count) hosts: name one, as in \(roster.hosts[chosen[0]].name)")
    }
    let host = roster.hosts[only]
    return HostRoute(host: host.name, explanation: directory.router.explain(host.id))
  }
}

extension AnswerJSON {
  static func of(_ route: HostRoute) -> JSON {
    let candidates = Set((route.explanation?.candidates ?? []).map(\.agent))
    var members: JSONObject = [
      "host": .string(route.host), "reason": .string(route.reason),
      "agents": .array(
        (route.explanation?.routes ?? []).map { agent in
          route.isDirect
            ? ["name": .string(agent.name), "standing": .string(agent.standing.rawValue)]
            : of(agent, isCandidate: candidates.contains(agent.agent))
        }),
    ]
    if let chosen = route.chosen { members["chosen"] = .string(chosen.name) }
    if let failing = route.explanation?.failing {
      members["failing"] = [
        "last_error": .string(ReadableText.shortened(failing.reason, limit: 300)),
        "age_ms": .int(Int64(failing.age.wholeMilliseconds)), "failures": .int(Int64(failing.failures)),
        "retry_in_ms": .int(Int64(failing.retryIn.wholeMilliseconds)),
      ]
    }
    return .object(members)
  }

  private static func of(_ agent: RouteExplanation.Route, isCandidate: Bool) -> JSON {
    var members: JSONObject = [
      "name": .string(agent.name), "standing": .string(agent.standing.rawValue), "candidate": .bool(isCandidate),
      "in_flight": .int(Int64(agent.cost.inFlight)), "cost_ms": .double(milliseconds(agent.cost.total)),
      "warm": .bool(agent.cost.isWarm), "oldest_ms": .double(milliseconds(agent.cost.oldest)),
      "phi": .double((agent.phi * 10).rounded() / 10),
    ]
    if let latency = agent.cost.latency { members["latency_ms"] = .double(milliseconds(latency)) }
    if let connect = agent.cost.connect { members["connect_ms"] = .double(milliseconds(connect)) }
    if agent.slowStart < 1 { members["slow_start"] = .double((agent.slowStart * 100).rounded() / 100) }
    return .object(members)
  }

  static func milliseconds(_ seconds: Double) -> Double { (seconds * 10_000).rounded() / 10 }
}

extension AnswerText {
  static func of(_ route: HostRoute) -> String {
    var out = "\(route.host): " + (route.chosen.map { "through \($0.name), since " } ?? "") + route.reason
    out = ReadableText.escaped(out) + "\n"
    for agent in route.explanation?.routes ?? [] {
      let cost = agent.cost
      guard !route.isDirect else {
        out += "  \(ReadableText.escaped(agent.name)) (\(agent.standing.rawValue))\n"
        continue
      }
      var terms = [cost.latency.map { "latency \(AnswerJSON.milliseconds($0)) ms" } ?? "never asked"]
      if cost.oldest > 0 { terms.append("oldest request \(AnswerJSON.milliseconds(cost.oldest)) ms") }
      terms.append(cost.connect.map { "connecting \(AnswerJSON.milliseconds($0)) ms" } ?? "connected")
      terms.append("\(cost.inFlight) in flight")
      out +=
        "  \(ReadableText.escaped(agent.name)) (\(agent.standing.rawValue)): cost \(AnswerJSON.milliseconds(cost.total)) ms = "
      if agent.slowStart < 1 { terms.append("new: serves \(Int(agent.slowStart * 100)) % of its hosts so far") }
      out += terms.joined(separator: ", ") + "\n"
    }
    out.removeLast()
    return out
  }
}
