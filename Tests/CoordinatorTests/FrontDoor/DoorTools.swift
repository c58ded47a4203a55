import MCP
import Synchronization

/// Small real tools for the front doors' tests. Sendable: state behind a lock.
final class DoorTools: MCPToolProvider {
  private let counts = Mutex((started: 0, cancelled: 0, finished: 0))

  var started: Int { counts.withLock { $0.started } }
  var cancelled: Int { counts.withLock { $0.cancelled } }
  var finished: Int { counts.withLock { $0.finished } }

  let tools = [
    DoorTools.tool("echo", ["text": ["type": "string"]]),
    DoorTools.tool("slow", ["ms": ["type": "integer"]]),
    DoorTools.tool("progress", ["steps": ["type": "integer"], "ms": ["type": "integer"]]),
    DoorTools.tool("fail", [:]),
    DoorTools.tool("refuse", [:]),
  ]

  private static func tool(_ name: String, _ properties: JSONObject) -> MCPTool {
    MCPTool(
      name: name, title: name, description: "The tests' \(name).",
      inputSchema: ["type": "object", "properties": .object(properties)],
      outputSchema: ["type": "object", "properties": ["text": ["type": "string"]], "required": ["text"]],
      annotations: .init(readOnly: true, destructive: false, idempotent: true, openWorld: false))
  }

  static func server(_ tools: DoorTools) throws -> MCPServer {
    try MCPServer(
      info: .init(name: "door", title: "Door", version: "1.0"), instructions: "Tools for tests.", tools: tools.tools)
  }

  func call(_ name: String, arguments: JSONObject, context: MCPCallContext) async throws(MCPInvalidParams)
    -> MCPToolOutcome
  {
    counts.withLock { $0.started += 1 }
    defer { counts.withLock { if Task.isCancelled { $0.cancelled += 1 } else { $0.finished += 1 } } }
    if let wrong = Self.wrongType(arguments) {
      return MCPToolOutcome(text: "The argument \(wrong) has the wrong type; see the input schema.", isError: true)
    }
    switch name {
    case "echo":
      let text = arguments["text"]?.string ?? context.principal
      return MCPToolOutcome(structured: ["text": .string(text)], text: text)
    case "slow":
      try? await Task.sleep(for: .milliseconds(arguments["ms"]?.integer ?? 0))
      return MCPToolOutcome(structured: ["text": "slept"], text: "slept")
    case "progress":
      let steps = Int(arguments["steps"]?.integer ?? 3)
      for step in 1...steps {
        try? await Task.sleep(for: .milliseconds(arguments["ms"]?.integer ?? 120))
        context.log?(MCPLogMessage(level: .warning, logger: "door", data: .string("at \(step)")))
        context.progress?(Double(step), Double(steps), "step \(step)")
      }
      return MCPToolOutcome(structured: ["text": "done"], text: "done")
    case "fail": return MCPToolOutcome(text: "It failed; try echo.", isError: true)
    default: throw MCPInvalidParams("refused")
    }
  }

  /// The first argument that is not what the schemas above say.
  private static func wrongType(_ arguments: JSONObject) -> String? {
    arguments.keys.sorted().first { name in
      switch name {
      case "text": arguments[name]?.string == nil
      case "ms", "steps": arguments[name]?.integer == nil
      default: false
      }
    }
  }
}
