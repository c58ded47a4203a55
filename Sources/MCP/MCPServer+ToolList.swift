/// `tools/list`: in the order of the description, page by page; a cursor is the index of the page's first tool.
extension MCPServer {
  func toolList(_ request: RPCRequest, _ revision: MCPRevision) -> Dispatch {
    let start: Int
    switch request.params["cursor"] {
    case nil, .null?: start = 0
    case .string(let cursor)?:
      guard let index = Self.index(cursor: cursor), index > 0, index < tools.count, index % limits.page == 0 else {
        return .failure(RPCError(.invalidParams, "Invalid cursor; leave it out to begin with the first page"))
      }
      start = index
    default: return .failure(RPCError(.invalidParams, "params.cursor must be a string"))
    }
    let end = min(start + limits.page, tools.count)
    var result: JSONObject = ["tools": .array(tools[start..<end].map { $0.json(revision) })]
    if end < tools.count { result["nextCursor"] = .string(Self.cursor(index: end)) }
    if revision.isModern {
      result["ttlMs"] = .int(limits.cacheMilliseconds)
      result["cacheScope"] = "public"
    }
    return .result(decorated(result, revision))
  }

  private static func cursor(index: Int) -> String { "tool-\(index)" }

  private static func index(cursor: String) -> Int? {
    guard cursor.utf8.count <= 16, cursor.hasPrefix("tool-"), let index = Int(cursor.dropFirst(5)),
      cursor == Self.cursor(index: index)
    else { return nil }
    return index
  }
}

extension MCPTool {
  /// The tool with the members that `revision` defines.
  func json(_ revision: MCPRevision) -> JSON {
    var members: JSONObject = [
      "name": .string(name), "description": .string(description), "inputSchema": inputSchema,
    ]
    if revision.hasAnnotations { members["annotations"] = annotationsJSON(revision) }
    if revision.hasTitles { members["title"] = .string(title) }
    if revision.hasStructuredContent { members["outputSchema"] = outputSchema }
    return .object(members)
  }

  private func annotationsJSON(_ revision: MCPRevision) -> JSON {
    var members: JSONObject = [
      "readOnlyHint": .bool(annotations.readOnly), "destructiveHint": .bool(annotations.destructive),
      "idempotentHint": .bool(annotations.idempotent), "openWorldHint": .bool(annotations.openWorld),
    ]
    // 2025-03-26 has a place for the title only here.
    if !revision.hasTitles { members["title"] = .string(title) }
    return .object(members)
  }
}
