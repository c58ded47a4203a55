import Testing

@testable import MCP

/// The table of statuses and codes, row by row.
struct HTTPTableTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var request: MCPHTTPRequest
    var status: Int
    var code: Int?
    var id: JSON?
    var testDescription: String { name }

    init(_ name: String, _ request: MCPHTTPRequest, _ status: Int, _ code: Int? = nil, id: JSON? = nil) {
      (self.name, self.request, self.status, self.code, self.id) = (name, request, status, code, id)
    }
  }

  static let version = "MCP-Protocol-Version"
  static let list = Fixture.modern("tools/list")
  static let call = Fixture.modern("tools/call", ["name": "read"])

  static func get(_ method: String, _ fields: [MCPHTTPField]) -> MCPHTTPRequest {
    MCPHTTPRequest(method: method, fields: fields)
  }

  static func raw(_ body: String, _ fields: [MCPHTTPField] = []) -> MCPHTTPRequest {
    MCPHTTPRequest(method: "POST", fields: [Fixture.accept, Fixture.json] + fields, body: Array(body.utf8))
  }

  static func with(accept: String? = nil, type: String? = nil) -> MCPHTTPRequest {
    var request = Fixture.modernPost(list)
    for (name, value) in [("accept", accept), ("content-type", type)] {
      guard let value else { continue }
      request.fields.removeAll { $0.name == name }
      request.fields.append(MCPHTTPField(name, value))
    }
    return request
  }

  static let negotiation: [Row] = [
    Row("PUT", get("PUT", []), 405, -32600),
    Row("modern GET", get("GET", [MCPHTTPField(version, "2026-07-28")]), 405, -32600),
    Row("modern DELETE", get("DELETE", [MCPHTTPField(version, "2026-07-28")]), 405, -32600),
    Row(
      "legacy GET without event stream",
      get("GET", [Fixture.session("x"), MCPHTTPField("accept", "application/json")]), 406, -32600),
    Row("legacy GET without session", get("GET", [Fixture.accept]), 400, -32600),
    Row("legacy GET of an unknown session", get("GET", [Fixture.accept, Fixture.session("x")]), 404, -32600),
    Row("legacy DELETE without session", get("DELETE", []), 400, -32600),
    Row("legacy DELETE of an unknown session", get("DELETE", [Fixture.session("x")]), 404, -32600),
    Row("no Accept", MCPHTTPRequest(method: "POST", fields: [Fixture.json], body: list.serialized()), 406, -32600),
    Row("JSON only", with(accept: "application/json"), 406, -32600),
    Row("event stream only", with(accept: "text/event-stream"), 406, -32600),
    Row("event stream excluded", with(accept: "application/json, text/event-stream;q=0"), 406, -32600),
    Row("html", with(accept: "text/html"), 406, -32600),
    Row("anything", with(accept: "*/*"), 200, id: 1),
    Row("ranges with weights", with(accept: "Application/*;q=0.5 , TEXT/* ; q=0.1"), 200, id: 1),
    Row("text body", with(type: "text/plain"), 415, -32600),
    Row("form body", with(type: "application/x-www-form-urlencoded"), 415, -32600),
    Row("JSON of another charset", with(type: "application/json; charset=latin1"), 415, -32600),
    Row("JSON in UTF-8", with(type: "Application/JSON; charset=UTF-8"), 200, id: 1),
    Row("no type", MCPHTTPRequest(method: "POST", fields: [Fixture.accept], body: list.serialized()), 415, -32600),
    Row("too large", raw("\"" + String(repeating: "a", count: 5000) + "\""), 413, -32600),
  ]

  static let envelopes: [Row] = [
    Row("no JSON", raw("{", [MCPHTTPField(version, "2026-07-28")]), 400, -32700),
    Row("legacy, no JSON", raw(""), 400, -32700),
    Row("duplicate key", raw(#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#), 400, -32700),
    Row("too deep", raw(String(repeating: "[", count: 50)), 400, -32700),
    Row("a word", raw("\"x\""), 400, -32600),
    Row("JSON-RPC 1", raw(#"{"id":1,"method":"ping"}"#), 400, -32600, id: 1),
    Row("null id", raw(#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), 400, -32600),
    Row("fractional id", raw(#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#), 400, -32600),
    Row("no method", raw(#"{"jsonrpc":"2.0","id":"a"}"#), 400, -32600, id: "a"),
    Row("method of another type", raw(#"{"jsonrpc":"2.0","id":1,"method":[]}"#), 400, -32600, id: 1),
    Row("params of another type", raw(#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}"#), 400, -32600, id: 1),
    Row("modern batch", raw("[]", [MCPHTTPField(version, "2026-07-28")]), 400, -32600),
    Row("modern response", Fixture.modernPost(["jsonrpc": "2.0", "id": 1, "result": [:]]), 400, -32600),
    Row("batch without session", raw("[]"), 400, -32600),
  ]

  static let modern: [Row] = [
    Row("list", Fixture.modernPost(list), 200, id: 1),
    Row("discover", Fixture.modernPost(Fixture.modern("server/discover", id: "d-1")), 200, id: "d-1"),
    Row("unknown method", Fixture.modernPost(Fixture.modern("nope")), 404, -32601, id: 1),
    Row("ping", Fixture.modernPost(Fixture.modern("ping")), 404, -32601, id: 1),
    Row("initialize", Fixture.modernPost(Fixture.modern("initialize")), 404, -32601, id: 1),
    Row("prompts", Fixture.modernPost(Fixture.modern("prompts/list")), 404, -32601, id: 1),
    Row("unknown tool", Fixture.modernPost(Fixture.modern("tools/call", ["name": "nope"])), 400, -32602, id: 1),
    Row("no params", Fixture.modernPost(Fixture.message("tools/list")), 400, -32602, id: 1),
    Row("_meta of another type", Fixture.modernPost(Fixture.modern("tools/list", meta: "x")), 400, -32602, id: 1),
    Row(
      "no capabilities",
      Fixture.modernPost(Fixture.modern("tools/list", meta: [ModernCheck.versionKey: "2026-07-28"])), 400, -32602, id: 1
    ),
    Row(
      "no version in _meta", Fixture.modernPost(Fixture.modern("tools/list", meta: [ModernCheck.capabilitiesKey: [:]])),
      400,
      -32602, id: 1),
    Row(
      "version of another type",
      Fixture.modernPost(
        Fixture.modern("tools/list", meta: [ModernCheck.versionKey: 2, ModernCheck.capabilitiesKey: [:]])), 400, -32602,
      id: 1),
    Row("header absent, modern _meta", Fixture.post(list), 400, -32020, id: 1),
    Row("initialize, header absent, modern _meta", Fixture.post(Fixture.modern("initialize")), 400, -32020, id: 1),
    Row(
      "header says another version", Fixture.modernPost(list, [MCPHTTPField(version, "2027-01-01")]), 400, -32020, id: 1
    ),
    Row("header empty", Fixture.modernPost(list, [MCPHTTPField(version, "")]), 400, -32020, id: 1),
    Row(
      "unknown version, no _meta", Fixture.post(Fixture.message("ping"), [MCPHTTPField(version, "1900-01-01")]), 400,
      -32602, id: 1),
    Row(
      "version twice",
      Fixture.modernPost(list, [MCPHTTPField(version, "2026-07-28"), MCPHTTPField(version, "2026-07-28")]), 400, -32020),
    Row("notification", Fixture.modernPost(Fixture.message("notifications/cancelled", ["requestId": 1], id: nil)), 202),
    Row("notification nobody knows", Fixture.modernPost(Fixture.message("notifications/x", id: nil)), 202),
    Row(
      "notification of an unknown version",
      Fixture.post(Fixture.message("notifications/x", id: nil), [MCPHTTPField(version, "2099-01-01")]), 400, -32022),
  ]

  static func names(_ values: String...) -> [MCPHTTPField] { values.map { MCPHTTPField("Mcp-Name", $0) } }

  static let headers: [Row] = [
    Row("method missing", Fixture.post(list, [MCPHTTPField(version, "2026-07-28")]), 400, -32020, id: 1),
    Row("method differs", Fixture.modernPost(list, [MCPHTTPField("Mcp-Method", "tools/call")]), 400, -32020, id: 1),
    Row("method in capitals", Fixture.modernPost(list, [MCPHTTPField("Mcp-Method", "Tools/List")]), 400, -32020, id: 1),
    Row("method with blanks", Fixture.modernPost(list, [MCPHTTPField("Mcp-Method", " \ttools/list ")]), 200, id: 1),
    Row(
      "method in base64", Fixture.modernPost(list, [MCPHTTPField("Mcp-Method", "=?base64?dG9vbHMvbGlzdA==?=")]), 200,
      id: 1),
    Row(
      "method twice",
      Fixture.modernPost(list, [MCPHTTPField("Mcp-Method", "tools/list"), MCPHTTPField("mcp-method", "tools/list")]),
      400,
      -32020, id: 1),
    Row("name missing", Fixture.modernPost(call, [MCPHTTPField("Mcp-Name", "")]), 400, -32020, id: 1),
    Row("name differs", Fixture.modernPost(call, names("list")), 400, -32020, id: 1),
    Row("name in capitals", Fixture.modernPost(call, names("Read")), 400, -32020, id: 1),
    Row("name twice", Fixture.modernPost(call, names("read", "read")), 400, -32020, id: 1),
    Row("name in base64 of another", Fixture.modernPost(call, names("=?base64?bGlzdA==?=")), 400, -32020, id: 1),
    Row("name in base64 unpadded", Fixture.modernPost(call, names("=?base64?cmVhZA?=")), 400, -32020, id: 1),
    Row("name in base64 with bits left", Fixture.modernPost(call, names("=?base64?cmVhZB==?=")), 400, -32020, id: 1),
    Row(
      "name claimed, none in the body", Fixture.modernPost(Fixture.modern("tools/call"), names("read")), 400, -32020,
      id: 1),
    Row("name nowhere", Fixture.modernPost(Fixture.modern("tools/call")), 400, -32602, id: 1),
    Row(
      "mismatch before version",
      Fixture.modernPost(
        Fixture.modern("tools/list", meta: [ModernCheck.versionKey: "2099-01-01", ModernCheck.capabilitiesKey: [:]])),
      400,
      -32020, id: 1),
    Row(
      "unknown version",
      Fixture.modernPost(
        Fixture.modern("tools/list", meta: [ModernCheck.versionKey: "2099-01-01", ModernCheck.capabilitiesKey: [:]]),
        [MCPHTTPField(version, "2099-01-01")]), 400, -32022, id: 1),
    Row(
      "unknown version before unknown method",
      Fixture.modernPost(
        Fixture.modern("nope", meta: [ModernCheck.versionKey: "2099-01-01", ModernCheck.capabilitiesKey: [:]]),
        [MCPHTTPField(version, "2099-01-01")]), 400, -32022, id: 1),
  ]

  @Test(arguments: negotiation + envelopes + modern + headers)
  func row(_ row: Row) throws {
    let answer = try Fixture.endpoint().answer(row.request)
    #expect(answer.status == row.status)
    #expect(answer.code == row.code)
    #expect(answer.json?["id"] == row.id)
    #expect((answer.status == 405) == answer.fields.contains { $0.name == "allow" })
    #expect(answer.body.isEmpty == (row.status == 202))
  }

  @Test func modernRefusalsSayTheMethodThatIsAllowed() throws {
    let answer = try Fixture.endpoint().answer(Self.get("GET", [MCPHTTPField(Self.version, "2026-07-28")]))
    #expect(answer.fields.contains(MCPHTTPField("Allow", "POST")))
  }

  @Test func unsupportedVersionListsWhatIsSupported() throws {
    let row = try #require(Self.headers.first { $0.name == "unknown version" })
    let answer = try Fixture.endpoint().answer(row.request)
    #expect(
      answer.text
        == #"{"error":{"code":-32022,"data":{"requested":"2099-01-01","supported":["2026-07-28"]},"message":"Unsupported protocol version"},"id":1,"jsonrpc":"2.0"}"#
    )
  }

  @Test(arguments: [names("read"), names(" read\t"), names("=?base64?cmVhZA==?=")])
  func aCallWhoseHeadersAgreeRuns(_ fields: [MCPHTTPField]) throws {
    let exchange = try Fixture.endpoint().exchange(Fixture.modernPost(Self.call, fields))
    #expect(exchange.calls.map(\.name) == ["read"])
    #expect(!exchange.survivesDisconnect)
  }

  @Test(
    arguments: [
      ("", ""), ("a", "a"), ("=?base64??=", ""), ("=?base64?w6k=?=", "é"), ("=?BASE64?w6k=?=", "=?BASE64?w6k=?="),
      ("=?base64?=", "=?base64?="), ("=?base64?/w==?=", nil), ("=?base64?a?=", nil), ("=?base64?====?=", nil),
      ("=?base64?YQ==YQ==?=", nil), ("=?base64?Y Q=?=", nil), ("=?base64?YWI=?=", "ab"), ("=?base64?YWJj?=", "abc"),
    ] as [(String, String?)])
  func headerValues(_ value: String, _ meant: String?) { #expect(HeaderValue.decoded(value) == meant) }
}
