import AgentAPI
import Logging
import MCP

/// One tool: what the list says of it, and how a call of it becomes a typed call and an outcome.
protocol ScoutTool: Sendable {
  var definition: MCPTool { get }
  /// Throws what makes the arguments no call.
  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult
}

/// What a tool call came to, with the figures that metrics and audit want. A value.
struct ToolResult: Sendable {
  var outcome: MCPToolOutcome
  var summary = AnswerSummary(asked: 0, ok: 0, failed: 0)
  var failures: [FailureCode] = []
  var facts: Logger.Metadata = [:]

  var ending: CallObserver.Outcome {
    if outcome.isError { return failures.contains(.cancelled) ? .cancelled : .failed }
    return failures.isEmpty ? .ok : .partial
  }
}

extension ToolResult {
  /// An answer over hosts. When no host answered it is an error, and one clear text says why.
  init<Body: Sendable>(
    _ answer: Answer<Body>, facts: Logger.Metadata = [:], members: (Body) -> JSONObject, heading: (Body) -> String,
    content: (Body) -> String
  ) {
    summary = answer.summary
    self.facts = facts
    let isError = answer.summary.ok == 0
    failures = answer.failures.map(\.code)
    outcome = MCPToolOutcome(
      structured: AnswerJSON.of(answer, members),
      text: AnswerText.of(answer, heading: heading, content: content), isError: isError)
  }
}

extension MCPTool.Annotations {
  /// Read-only in fact, and about machines that change by themselves.
  static let looking = Self(readOnly: true, destructive: false, idempotent: true, openWorld: true)
}
