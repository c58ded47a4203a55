import MCP

/// The front door's own answers. A JSON-RPC error says why, also to clients that look at nothing else.
extension MCPHTTPAnswer {
  static func text(_ text: String) -> MCPHTTPAnswer {
    MCPHTTPAnswer(
      status: 200, fields: [MCPHTTPField("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
  }

  /// RFC 9110 section 11.6.1: a challenge stands with every 401.
  static let unauthorized = refusal(
    401, RPCError(.invalidRequest, "An API key is needed: send X-API-Key or Authorization: Bearer"),
    fields: [MCPHTTPField("www-authenticate", "Bearer realm=\"scout\"")])

  static func tooManyRequests(retryAfter wait: Duration) -> MCPHTTPAnswer {
    let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
    return refusal(
      429, RPCError(.internalError, "Too many requests; try again in \(seconds) s"),
      fields: [MCPHTTPField("retry-after", String(seconds))])
  }

  static let overloaded = refusal(
    503, RPCError(.internalError, "Too many calls at once; try again soon"), fields: [MCPHTTPField("retry-after", "1")])

  static func bodyTooLarge(limit: Int) -> MCPHTTPAnswer {
    refusal(
      413, RPCError(.invalidRequest, "The body is longer than \(limit) bytes"),
      fields: [MCPHTTPField("connection", "close")])
  }
}
