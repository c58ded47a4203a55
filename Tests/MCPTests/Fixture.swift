import Testing

@testable import MCP

/// A server with three tools of which two fit a page, and short ways to talk to it.
enum Fixture {
  static let start = ContinuousClock.now
  static let read = tool("read", outputSchema: ["type": "object", "properties": ["n": ["type": "integer"]]])

  static func tool(_ name: String, description: String = "What it does.", outputSchema: JSON? = nil) -> MCPTool {
    MCPTool(
      name: name, title: "Title of \(name)", description: description,
      inputSchema: ["type": "object", "properties": ["target": ["type": "string"]]], outputSchema: outputSchema,
      annotations: MCPTool.Annotations(readOnly: true, destructive: false, idempotent: true, openWorld: false))
  }

  static func server() throws -> MCPServer {
    var limits = MCPServer.Limits()
    limits.page = 2
    limits.message = JSONParser.Bounds(size: 4096, depth: 16)
    return try MCPServer(
      info: MCPServer.Info(name: "scout", title: "Scout", version: "1.2.3"), instructions: "Ask hosts first.",
      tools: [tool("hosts"), read, tool("list")], limits: limits)
  }

  /// Session ids count up: `0000...01` and so on.
  static func endpoint(_ change: (inout MCPEndpoint.Settings) -> Void = { _ in }) throws -> MCPEndpoint {
    var settings = MCPEndpoint.Settings()
    change(&settings)
    let counter = Counter()
    return MCPEndpoint(server: try server(), settings: settings) { count in
      Array(repeating: 0, count: count - 1) + [counter.next()]
    }
  }

  static func message(_ method: String, _ params: JSON? = nil, id: JSON? = 1) -> JSON {
    var members: JSONObject = ["jsonrpc": "2.0", "method": .string(method)]
    members["params"] = params
    members["id"] = id
    return .object(members)
  }

  static let meta: JSON = [
    "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
  ]

  static func modern(_ method: String, _ params: JSONObject = [:], meta: JSON? = meta, id: JSON = 1) -> JSON {
    var params = params
    params["_meta"] = meta
    return message(method, .object(params), id: id)
  }

  static let accept = MCPHTTPField("Accept", "application/json, text/event-stream")
  static let json = MCPHTTPField("Content-Type", "application/json")

  static func post(_ body: JSON, _ fields: [MCPHTTPField] = []) -> MCPHTTPRequest {
    MCPHTTPRequest(method: "POST", fields: [accept, json] + fields, body: body.serialized())
  }

  /// A modern request with the headers that belong to it; `fields` take the place of those of the same name.
  static func modernPost(_ body: JSON, _ fields: [MCPHTTPField] = []) -> MCPHTTPRequest {
    var all = [MCPHTTPField("MCP-Protocol-Version", "2026-07-28")]
    if let method = body["method"]?.string { all.append(MCPHTTPField("Mcp-Method", method)) }
    if let name = body["params"]?["name"]?.string { all.append(MCPHTTPField("Mcp-Name", name)) }
    all.removeAll { field in fields.contains { $0.name == field.name } }
    return post(body, all + fields)
  }

  static func session(_ id: String) -> MCPHTTPField { MCPHTTPField("Mcp-Session-Id", id) }
}

extension MCPEndpoint {
  func decide(_ request: MCPHTTPRequest, principal: String = "anna", now: ContinuousClock.Instant = Fixture.start)
    -> HTTPDecision
  {
    received(request, principal: principal, now: now)
  }

  func answer(_ request: MCPHTTPRequest, principal: String = "anna", now: ContinuousClock.Instant = Fixture.start)
    throws
    -> MCPHTTPAnswer
  {
    guard case .respond(let answer) = decide(request, principal: principal, now: now) else {
      throw Unexpected(what: "no answer at once")
    }
    return answer
  }

  func exchange(_ request: MCPHTTPRequest, principal: String = "anna", now: ContinuousClock.Instant = Fixture.start)
    throws
    -> HTTPExchange
  {
    switch decide(request, principal: principal, now: now) {
    case .run(let exchange): return exchange
    case .respond(let answer): throw Unexpected(what: "\(answer.status) \(answer.text)")
    case .listen: throw Unexpected(what: "a stream")
    }
  }

  func stream(_ session: String, after last: String? = nil, principal: String = "anna") throws -> ListenStream {
    var fields = [MCPHTTPField("Accept", "text/event-stream"), Fixture.session(session)]
    if let last { fields.append(MCPHTTPField("Last-Event-ID", last)) }
    guard case .listen(let stream) = decide(MCPHTTPRequest(method: "GET", fields: fields), principal: principal) else {
      throw Unexpected(what: "no stream")
    }
    return stream
  }

  /// Opens a legacy session and returns its id.
  func open(_ version: String = "2025-11-25", principal: String = "anna", now: ContinuousClock.Instant = Fixture.start)
    throws -> String
  {
    let body = Fixture.message("initialize", ["protocolVersion": .string(version)])
    let answer = try answer(Fixture.post(body), principal: principal, now: now)
    guard let id = answer.fields.first(where: { $0.name == "mcp-session-id" })?.value else {
      throw Unexpected(what: "\(answer.status) \(answer.text)")
    }
    return id
  }
}

extension MCPHTTPAnswer {
  var text: String { String(decoding: body, as: UTF8.self) }
  var json: JSON? { try? JSON(parsing: body) }
  var code: Int? { json?["error"]?["code"]?.integer.map(Int.init) }
}

extension [HTTPOutput] {
  /// The bodies, as text.
  var text: String {
    let bytes = flatMap { output -> [UInt8] in if case .body(let bytes) = output { bytes } else { [] } }
    return String(decoding: bytes, as: UTF8.self)
  }

  var status: Int? {
    for case .head(let status, _) in self { return status }
    return nil
  }

  var contentType: String? {
    for case .head(_, let fields) in self { return fields.first { $0.name == "content-type" }?.value }
    return nil
  }

  var isEnd: Bool { last == .end }
}

struct Unexpected: Error { var what: String }
