import Logging
import MCP

/// `query`: an allow-listed command that cannot write, equal results folded.
struct QueryTool: ScoutTool {
  let core: CoordinatorCore

  private static let names = ["target", "targets", "command", "timeout_ms"]

  var definition: MCPTool {
    var properties = Schema.hosts
    // One line is taken as well (`ToolArguments.command`), and not told: some clients refuse every tool where a type is a list of types.
    properties["command"] = [
      "type": "array", "items": ["type": "string"],
      "description": "Words, without a shell: no pipes, variables, ~. Paths start at home",
    ]
    properties["timeout_ms"] = Schema.timeout(core.settings)
    return MCPTool(
      name: "query", title: "Run a read-only command",
      description:
        "Runs a command that only looks (grep rg find ls tree cat head tail wc sort uniq diff stat file readlink sha256sum du df ps free lsblk uptime uname hostname id whoami date nproc), on one host or many. Options that write or run others are refused. An exit code other than 0 is an answer.",
      inputSchema: Schema.input(properties, required: ["command"]),
      outputSchema: Schema.answer(
        [
          ("exit_code", "integer"), ("signal", "string"), ("stdout", "string"), ("stderr", "string"),
          ("encoding", "string"),
          ("truncated", "boolean"), ("duration_ms", "integer"), ("note", "string"),
        ], required: ["stdout", "stderr", "truncated"]),
      annotations: .looking)
  }

  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult {
    let arguments = try ToolArguments(arguments, tool: "query", known: Self.names)
    let targets = try arguments.targets { text throws(TargetError) in try Target.hostOnly(text) }
    let command = try arguments.command("command")
    var options = options
    options.timeout = try arguments.timeout()
    let answer = try await core.query(targets, command: command, options)
    return ToolResult(
      answer, facts: ["command": .string(ReadableText.shortened(ReadableText.escaped(command[0]), limit: 64))],
      members: { AnswerJSON.members($0) }, heading: { AnswerText.heading($0) }, content: { AnswerText.content($0) })
  }
}
