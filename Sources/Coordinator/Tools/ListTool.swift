import MCP

/// `list`: directory entries, equal listings folded.
struct ListTool: ScoutTool {
  let core: CoordinatorCore

  private static let names = ["target", "targets", "depth", "hidden", "sort", "limit", "skip", "timeout_ms"]

  var definition: MCPTool {
    var properties = Schema.paths
    properties["depth"] = Schema.integer("1: the directory; more: its tree", ListRequestOptions.depths, default: 1)
    properties["hidden"] = Schema.boolean("Dot files, too")
    properties["sort"] = Schema.word(ListRequestOptions.Sort.self, default: .name)
    properties["limit"] = Schema.integer(
      "Entries at most", 1...core.settings.entryLimit, default: core.settings.entries)
    properties["skip"] = Schema.integer("Entries to leave out first, to go on", ListRequestOptions.skips)
    properties["timeout_ms"] = Schema.timeout(core.settings)
    return MCPTool(
      name: "list", title: "List directories",
      description:
        "Entries of a directory, or of the tree below it, on one host or many. Hosts with equal entries are one group; modified is the newest of the group.",
      inputSchema: Schema.input(properties),
      outputSchema: Schema.answer(
        [("path", "string"), ("entries", "array"), ("truncated", "boolean"), ("total", "integer"), ("note", "string")],
        required: ["path", "entries", "truncated"]),
      annotations: .looking)
  }

  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult {
    let arguments = try ToolArguments(arguments, tool: "list", known: Self.names)
    let targets = try arguments.targets { text throws(TargetError) in try Target.withPath(text) }
    var wanted = ListRequestOptions()
    wanted.depth = try arguments.integer("depth", in: ListRequestOptions.depths) ?? 1
    wanted.hidden = try arguments.boolean("hidden") ?? false
    wanted.sort = try arguments.word("sort", ListRequestOptions.Sort.self) ?? .name
    wanted.limit = try arguments.integer("limit", in: 1...core.settings.entryLimit)
    wanted.skip = try arguments.integer("skip", in: ListRequestOptions.skips) ?? 0
    var options = options
    options.timeout = try arguments.timeout()
    let answer = try await core.list(targets, wanted, options)
    return ToolResult(
      answer, members: { AnswerJSON.members($0) }, heading: { AnswerText.heading($0) },
      content: { AnswerText.content($0) })
  }
}
