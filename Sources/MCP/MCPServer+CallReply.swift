/// The answer to `tools/call`.
extension MCPServer {
  func reply(to call: MCPCall, _ result: MCPCallResult) -> RPCReply {
    switch result {
    case .success(let outcome): RPCReply(id: call.message, .success(json(outcome, call.revision)))
    case .failure(let error): RPCReply(id: call.message, .failure(RPCError(error)))
    }
  }

  /// `structuredContent` stands alone and `content` says the same in words; an error has words only.
  private func json(_ outcome: MCPToolOutcome, _ revision: MCPRevision) -> JSON {
    var result: JSONObject = [
      "content": [["type": "text", "text": .string(outcome.text)]], "isError": .bool(outcome.isError),
    ]
    if revision.hasStructuredContent, !outcome.isError, let structured = outcome.structured {
      result["structuredContent"] = structured
    }
    return decorated(result, revision)
  }
}
