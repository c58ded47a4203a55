import MCP

/// `hosts`: what can be asked, from the agents' reports.
struct HostsTool: ScoutTool {
  let core: CoordinatorCore

  var definition: MCPTool {
    MCPTool(
      name: "hosts", title: "Hosts",
      description:
        "Hosts that Scout reaches: segment, address, labels, status with the age of the last contact, latency. From reports, without asking the hosts.",
      inputSchema: Schema.input([
        "select": Schema.string("Which: a name, a pattern (web*, dc1/*) or @label=value; all without it")
      ]),
      outputSchema: [
        "type": "object",
        "properties": [
          "hosts": [
            "type": "array", "items": ["type": "object", "required": ["host", "segment", "address", "status"]],
          ],
          "agents": ["type": "array", "items": ["type": "object", "required": ["name", "segment", "healthy"]]],
          "summary": ["type": "object", "required": ["matched", "shown"]],
          "note": ["type": "string"],
        ],
        "required": ["hosts", "agents", "summary"],
      ],
      annotations: .looking)
  }

  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult {
    let arguments = try ToolArguments(arguments, tool: "hosts", known: ["select"])
    var select: HostSelector?
    if let text = try arguments.string("select"), !text.isEmpty {
      select = try Target.hostOnly(text).hosts
    }
    do throws(HostFailure) {
      let answer = try await core.hosts(select, options)
      return ToolResult(outcome: MCPToolOutcome(structured: AnswerJSON.of(answer), text: AnswerText.of(answer)))
    } catch {
      return ToolResult(outcome: MCPToolOutcome(text: ReadableText.escaped(error.message), isError: true))
    }
  }
}
