import HTTPTypes
import HummingbirdCore
import MCP

/// A request from a page of another origin that may call: what its browser has to be told, so that the page can (WHATWG Fetch,
/// "CORS protocol"). A value.
struct CrossOrigin {
  private let origin: String
  /// The browser asks whether the page may send its request, which follows.
  let isPreflight: Bool

  /// nil where no page is behind the request, or one that may not call.
  init?(_ request: Request, _ policy: OriginPolicy) {
    let origins = request.headers[values: .origin]
    guard origins.count == 1, policy.refusal(host: request.hosts, origin: origins) == nil else { return nil }
    origin = origins[0]
    isPreflight = request.method == .options && request.headers[.accessControlRequestMethod] != nil
  }

  /// Of every answer, refusals too: without them the page sees none.
  var fields: [MCPHTTPField] {
    [
      MCPHTTPField("access-control-allow-origin", origin), MCPHTTPField("vary", "origin"),
      MCPHTTPField("access-control-expose-headers", "mcp-session-id, retry-after, www-authenticate"),
    ]
  }

  /// Holds for ten minutes.
  static let permission = MCPHTTPAnswer(
    status: 204,
    fields: [
      MCPHTTPField("access-control-allow-methods", "GET, POST, DELETE"),
      MCPHTTPField(
        "access-control-allow-headers",
        "authorization, x-api-key, content-type, accept, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name"
      ),
      MCPHTTPField("access-control-max-age", "600"),
    ])
}
