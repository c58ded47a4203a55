import AgentAPI
import MCP
import Routing

/// `route`: which agents reach a host, what asking each would cost now, and which would be asked.
struct RouteTool: ScoutTool {
  let core: CoordinatorCore

  var definition: MCPTool {
    MCPTool(
      name: "route", title: "Route to a host",
      description:
        "Which agents reach a host, what asking each would cost at this moment, term by term, which would be asked, and why each of the others not. Asks nobody.",
      inputSchema: Schema.input(["host": Schema.string("One host: web1 or dc1/web1")], required: ["host"]),
      outputSchema: [
        "type": "object",
        "properties": [
          "host": ["type": "string"], "chosen": ["type": "string"], "reason": ["type": "string"],
          "agents": ["type": "array", "items": ["type": "object", "required": ["name", "standing"]]],
          "failing": ["type": "object"], "panic": ["type": "boolean"], "priority": ["type": "integer"],
          "shares": ["type": "array", "items": ["type": "number"]],
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
    let instead = host.agents.first { !directory.isDraining($0) } ?? host.agents.first
    return HostRoute(
      host: host.name, explanation: directory.router.explain(host.id), now: directory.router.now,
      instead: instead.map { directory.links[$0].name })
  }
}
