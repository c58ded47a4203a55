import MCP

/// `read`: file content, equal files folded.
struct ReadTool: ScoutTool {
  let core: CoordinatorCore

  private static let names = [
    "target", "targets", "offset", "limit", "head", "tail", "encoding", "sha256", "timeout_ms",
  ]

  var definition: MCPTool {
    var properties = Schema.paths
    properties["offset"] = Schema.integer("First byte", 0 ... .max)
    properties["limit"] = Schema.integer(
      "Bytes at most", 1...core.settings.fileLimit, default: min(core.settings.answerLimit, core.settings.fileLimit))
    properties["head"] = Schema.integer("First lines", 1...1_000_000)
    properties["tail"] = Schema.integer("Last lines", 1...1_000_000)
    properties["encoding"] = Schema.word(ReadRequestOptions.Encoding.self, default: .auto)
    properties["sha256"] = Schema.boolean("Also the digest of the bytes in content")
    properties["timeout_ms"] = Schema.timeout(core.settings)
    return MCPTool(
      name: "read", title: "Read files",
      description:
        "Content of a file on one host or many, side by side. Hosts with equal content are one group, largest first. Binary content comes as base64.",
      inputSchema: Schema.input(properties),
      outputSchema: Schema.answer(
        [
          ("path", "string"), ("content", "string"), ("encoding", "string"), ("size", "integer"), ("offset", "integer"),
          ("truncated", "boolean"), ("next_offset", "integer"), ("modified", "string"), ("modified_oldest", "string"),
          ("sha256", "string"),
          ("note", "string"),
        ], required: ["path", "content", "encoding", "size", "truncated"]),
      annotations: .looking)
  }

  func call(_ arguments: JSONObject, _ options: CallOptions) async throws(TargetError) -> ToolResult {
    let arguments = try ToolArguments(arguments, tool: "read", known: Self.names)
    let targets = try arguments.targets { text throws(TargetError) in try Target.withPath(text) }
    var options = options
    options.timeout = try arguments.timeout()
    let answer = try await core.read(targets, try wanted(arguments), options)
    return ToolResult(
      answer, members: { AnswerJSON.members($0) }, heading: { AnswerText.heading($0) },
      content: { AnswerText.content($0) })
  }

  private func wanted(_ arguments: ToolArguments) throws(TargetError) -> ReadRequestOptions {
    var wanted = ReadRequestOptions()
    let offset = try arguments.integer("offset", in: 0 ... .max)
    let head = try arguments.integer("head", in: 1...1_000_000)
    let tail = try arguments.integer("tail", in: 1...1_000_000)
    guard [offset, head, tail].count(where: { $0 != nil }) < 2 else {
      throw TargetError("Give only one of offset, head and tail")
    }
    if let offset { wanted.part = .bytes(offset: Int64(offset)) }
    if let head { wanted.part = .head(UInt32(head)) }
    if let tail { wanted.part = .tail(UInt32(tail)) }
    wanted.limit = try arguments.integer("limit", in: 1...core.settings.fileLimit)
    wanted.encoding = try arguments.word("encoding", ReadRequestOptions.Encoding.self) ?? .auto
    wanted.sha256 = try arguments.boolean("sha256") ?? false
    return wanted
  }
}
