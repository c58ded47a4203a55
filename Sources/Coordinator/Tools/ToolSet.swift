import AgentAPI
package import MCP

/// Scout's own tools, as the front doors serve them. A value.
package struct ToolSet: MCPToolProvider {
  /// The same at each call, made once.
  package let tools: [MCPTool]
  private let byName: [String: any ScoutTool]
  private let core: CoordinatorCore

  package init(core: CoordinatorCore) {
    let all: [any ScoutTool] = [
      HostsTool(core: core), ReadTool(core: core), ListTool(core: core), QueryTool(core: core),
      RouteTool(core: core),
    ]
    self.core = core
    tools = all.map(\.definition)
    byName = Dictionary(uniqueKeysWithValues: zip(tools.map(\.name), all))
  }

  package func call(
    _ name: String, arguments: JSONObject, context: MCPCallContext
  ) async throws(MCPInvalidParams) -> MCPToolOutcome {
    guard let tool = byName[name] else { throw MCPInvalidParams("Unknown tool: \(name)") }
    let start = ContinuousClock.now
    var options = CallOptions(requestID: context.requestID, principal: context.principal, progress: context.progress)
    if let log = context.log {
      options.failed = { host, error in log(Self.message(of: error, host: host, tool: name)) }
    }
    do throws(TargetError) {
      let result = try await tool.call(arguments, options)
      core.observer.ended(
        .init(
          tool: name, arguments: arguments, options: options, summary: result.summary, failures: result.failures,
          outcome: result.ending,
          duration: .now - start, facts: result.facts))
      return result.outcome
    } catch {
      let nobody = AnswerSummary(asked: 0, ok: 0, failed: 0)
      core.observer.ended(
        .init(
          tool: name, arguments: arguments, options: options, summary: nobody, failures: [], outcome: .invalid,
          duration: .now - start,
          facts: [:]))
      var outcome = MCPToolOutcome(text: ReadableText.escaped(error.message), isError: true)
      outcome.isInvalid = true
      return outcome
    }
  }

  /// For a client that follows the log: what the answer will say of the host, while others are still waited for.
  private static func message(of error: AgentError, host: String, tool: String) -> MCPLogMessage {
    MCPLogMessage(
      level: .warning, logger: "scout",
      data: [
        "tool": .string(tool), "host": .string(host), "code": .string(error.code.rawValue),
        "message": .string(ReadableText.shortened(error.message, limit: 300)),
      ])
  }
}
