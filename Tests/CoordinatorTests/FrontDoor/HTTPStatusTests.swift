import Coordinator
import MCP
import NIOHTTP1
import Testing

/// Every row of the status table over a real listener.
@Suite struct HTTPStatusTests {
  typealias Request = DoorClient.Request

  @Test func modernCallIsAnsweredAsJSON() async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(.call("echo", ["text": "hello"]))
      #expect(answer.status == 200)
      #expect(answer.headers.first(name: "content-type") == "application/json")
      #expect(answer.headers.first(name: "date")?.hasSuffix("GMT") == true)
      #expect(answer.json["result"]?["structuredContent"]?["text"] == "hello")
      #expect(answer.json["result"]?["resultType"] == "complete")
      #expect(answer.json["id"] == 1)
    }
  }

  @Test func discoverAndListNeedNoSession() async throws {
    try await RunningDoor.with { door in
      let discover = try await door.client.send(.modern("server/discover"))
      #expect(discover.status == 200)
      #expect(discover.json["result"]?["supportedVersions"] == ["2026-07-28"])
      let list = try await door.client.send(.modern("tools/list"))
      #expect(list.json["result"]?["tools"]?.array?.count == 5)
    }
  }

  @Test func legacySessionFromInitializeToDelete() async throws {
    try await RunningDoor.with { door in
      let id = try await door.session()
      #expect(id.count >= 32)
      try await door.expect(202, .legacy("notifications/initialized", id: nil, session: id))
      let call = try await door.client.send(
        .legacy("tools/call", params: ["name": "echo", "arguments": ["text": "hi"]], session: id))
      #expect(call.status == 200)
      #expect(call.json["result"]?["content"]?.array?.first?["text"] == "hi")
      let end = Request(method: .DELETE, headers: [("Mcp-Session-Id", id)])
      #expect((200...204).contains(try await door.client.send(end).status))
      try await door.expect(404, .legacy("tools/list", session: id))
    }
  }

  @Test func legacySessionIsNeeded() async throws {
    try await RunningDoor.with { door in
      try await door.expect(400, .legacy("tools/list"))
      try await door.expect(404, .legacy("tools/list", session: "nobody"))
    }
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var request: Request
    var status: Int
    var code: Int64?
    var testDescription: String { name }
  }

  static let rows: [Row] = [
    Row(name: "malformed JSON", request: change(.call("echo")) { $0.body = "{" }, status: 400, code: -32700),
    Row(
      name: "bad envelope", request: change(.call("echo")) { $0.body = "{\"jsonrpc\":\"1.0\"}" }, status: 400,
      code: -32600),
    Row(
      name: "no _meta",
      request: change(.call("echo")) {
        $0.body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#
      }, status: 400, code: -32602),
    Row(
      name: "header mismatch", request: Request.call("echo").with("Mcp-Name", "slow"), status: 400, code: -32020),
    Row(
      name: "method header missing", request: Request.call("echo").with("Mcp-Method", nil), status: 400, code: -32020),
    Row(
      name: "version header missing", request: Request.call("echo").with("MCP-Protocol-Version", nil), status: 400,
      code: -32020),
    Row(name: "unknown method", request: .modern("tools/dance"), status: 404, code: -32601),
    Row(name: "initialize with the modern header", request: .modern("initialize"), status: 404, code: -32601),
    Row(name: "unknown tool", request: .call("none"), status: 400, code: -32602),
    Row(name: "refused by the tool", request: .call("refuse"), status: 400, code: -32602),
    Row(name: "Accept", request: Request.call("echo").with("Accept", "text/html"), status: 406),
    Row(name: "Content-Type", request: Request.call("echo").with("Content-Type", "text/plain"), status: 415),
    Row(name: "foreign Origin", request: Request.call("echo").with("Origin", "https://evil.example"), status: 403),
    Row(name: "null Origin", request: Request.call("echo").with("Origin", "null"), status: 403),
    Row(name: "loopback Origin", request: Request.call("echo").with("Origin", "http://localhost:3000"), status: 200),
    Row(name: "foreign Host", request: Request.call("echo").with("Host", "evil.example"), status: 403),
    Row(name: "loopback Host", request: Request.call("echo").with("Host", "127.0.0.1:1"), status: 200),
    Row(
      name: "modern GET",
      request: .get("/mcp", [("MCP-Protocol-Version", "2026-07-28"), ("Accept", "text/event-stream")]),
      status: 405),
    Row(
      name: "modern DELETE",
      request: Request(method: .DELETE, headers: [("MCP-Protocol-Version", "2026-07-28")]), status: 405),
    Row(name: "PUT", request: Request(method: .PUT), status: 405),
    Row(name: "health", request: .get("/health"), status: 200),
    Row(name: "health with a query", request: .get("/health?x=1"), status: 200),
    Row(name: "POST to health", request: Request(path: "/health"), status: 405),
    Row(name: "metrics", request: .get("/metrics"), status: 200),
    Row(name: "no OAuth here", request: .get("/.well-known/oauth-protected-resource"), status: 404),
    Row(name: "no OAuth here, by path", request: .get("/.well-known/oauth-protected-resource/mcp"), status: 404),
    Row(name: "elsewhere", request: .get("/nothing"), status: 404),
  ]

  private static func change(_ request: Request, _ change: (inout Request) -> Void) -> Request {
    var request = request
    change(&request)
    return request
  }

  @Test(arguments: rows) func table(row: Row) async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(row.request)
      #expect(answer.status == row.status, "\(answer)")
      if let code = row.code { #expect(answer.errorCode == code, "\(answer)") }
      switch row.status {
      case 405: #expect(answer.headers.contains(name: "allow"))
      case 404:
        #expect(answer.headers.first(name: "content-type") == "application/json")
        #expect(answer.json != .null)
      default: break
      }
    }
  }

  @Test func unsupportedVersionSaysWhichAre() async throws {
    try await RunningDoor.with { door in
      var request = Request.call("echo").with("MCP-Protocol-Version", "2099-01-01")
      request.body = request.body.replacing("2026-07-28", with: "2099-01-01")
      let answer = try await door.client.send(request)
      #expect(answer.status == 400)
      #expect(answer.errorCode == -32022)
      #expect(answer.json["error"]?["data"]?["supported"] == ["2026-07-28"])
    }
  }

  @Test func healthAnswersOK() async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(.get("/health"))
      #expect(answer.body == "OK")
      let head = try await door.client.send(Request(method: .HEAD, path: "/health"))
      #expect(head.status == 200 && head.body.isEmpty)
    }
  }

  @Test func metricsCountCallsAndRefusals() async throws {
    try await RunningDoor.with { door in
      _ = try await door.client.send(.call("echo"))
      _ = try await door.client.send(.call("fail"))
      _ = try await door.client.send(Request.call("echo").with("Origin", "https://evil.example"))
      _ = try await door.session()
      let text = try await door.client.send(.get("/metrics")).body
      #expect(text.contains(#"scout_mcp_calls_total{tool="echo",outcome="ok"} 1"#))
      #expect(text.contains(#"scout_mcp_calls_total{tool="fail",outcome="error"} 1"#))
      #expect(text.contains(#"scout_mcp_call_seconds_count{tool="echo"} 1"#))
      #expect(text.contains(#"scout_http_refused_total{cause="origin"} 1"#))
      #expect(text.contains("scout_mcp_sessions 1"))
      #expect(text.contains("scout_mcp_calls_in_flight 0"))
    }
  }
}
