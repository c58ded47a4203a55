import Testing

@testable import MCP

/// Whatever arrives, there is a decision and no trap: valid messages, damaged at random, the same way each time.
struct MutationTests {
  static let bodies: [JSON] = [
    Fixture.modern("tools/call", ["name": "read", "arguments": ["target": "web1:/etc/hosts"]]),
    Fixture.modern("server/discover", id: "a"), Fixture.modern("tools/list", ["cursor": "tool-2"]),
    Fixture.message("initialize", ["protocolVersion": "2025-03-26", "capabilities": [:]]),
    Fixture.message("tools/call", ["name": "read", "_meta": ["progressToken": 1]]), Fixture.message("ping"),
    Fixture.message("notifications/cancelled", ["requestId": 1], id: nil),
    Fixture.message("logging/setLevel", ["level": "info"]),
    [Fixture.message("ping"), Fixture.message("tools/call", ["name": "list"], id: 2)],
  ]
  static let values = [
    "", "POST", "GET", "2026-07-28", "2025-03-26", "tools/call", "read", "=?base64?cmVhZA==?=", "=?base64?!?=", "0-0",
    "1-1",
    "application/json", "*/*", "\u{0}", "é", String(repeating: "x", count: 300),
  ]

  @Test func everyRequestHasADecision() throws {
    var random = SplitMix(state: 2026)
    let endpoint = try Fixture.endpoint { $0.sessions = 8 }
    let sessions = try MCPRevision.legacy.map { try endpoint.open($0.rawValue) }
    let names = MCPHTTPRequest.fieldNames
    var now = Fixture.start
    var seen: Set<Int> = []
    for round in 0..<6_000 {
      now += .milliseconds(Int64.random(in: 0...20_000, using: &random))
      let body = try #require(Self.bodies.randomElement(using: &random))
      var request = Bool.random(using: &random) ? Fixture.modernPost(body) : Fixture.post(body)
      if Int.random(in: 0..<3, using: &random) > 0, let session = sessions.randomElement(using: &random) {
        request.fields.append(Fixture.session(session))
      }
      Self.mutate(&request.body, &random)
      for _ in 0..<Int.random(in: 0...2, using: &random) {
        let field = MCPHTTPField(
          names.randomElement(using: &random) ?? "", Self.values.randomElement(using: &random) ?? "")
        if Bool.random(using: &random) { request.fields.removeAll { $0.name == field.name } }
        if Bool.random(using: &random) { request.fields.append(field) }
      }
      if round % 10 == 0 { request.method = ["GET", "DELETE", "PATCH"].randomElement(using: &random) ?? "GET" }
      switch endpoint.decide(request, now: now) {
      case .respond(let answer):
        seen.insert(answer.status)
        #expect(answer.body.isEmpty || answer.json != nil)
      case .run(var exchange):
        seen.insert(200)
        Self.finish(&exchange, endpoint, now, &random)
        #expect(exchange.isEnded)
      case .listen(var stream):
        #expect(endpoint.next(&stream) != .end)
        endpoint.closed(stream, now: now)
      }
    }
    #expect(seen.isSuperset(of: [200, 202, 400, 404, 405, 406, 415]))
  }

  @Test func everyLineHasADecision() throws {
    var random = SplitMix(state: 28)
    var conversation = StdioConversation(server: try Fixture.server())
    for _ in 0..<6_000 {
      var line = try #require(Self.bodies.randomElement(using: &random)).serialized()
      Self.mutate(&line, &random)
      for decision in conversation.received(line, now: Fixture.start) {
        guard case .write(let bytes) = decision else { continue }
        #expect(bytes.last == UInt8(ascii: "\n") && (try? JSON(parsing: bytes)) != nil)
      }
      if conversation.callsUnderWay.count > 16 {
        for id in conversation.callsUnderWay { _ = conversation.finished(id, .success(MCPToolOutcome(text: ""))) }
      }
    }
    for id in conversation.callsUnderWay { _ = conversation.finished(id, .success(MCPToolOutcome(text: ""))) }
    #expect(conversation.callsUnderWay.isEmpty)
  }

  private static func finish(
    _ exchange: inout HTTPExchange, _ endpoint: MCPEndpoint, _ now: ContinuousClock.Instant, _ random: inout SplitMix
  ) {
    endpoint.began(exchange) { _ in }
    for call in exchange.calls {
      switch Int.random(in: 0..<4, using: &random) {
      case 0: _ = endpoint.progressed(&exchange, call.id, done: 1, total: 2, message: "x", now: now)
      case 1: _ = endpoint.ticked(&exchange, now: now + .seconds(20))
      default: break
      }
      _ = endpoint.finished(&exchange, call.id, .success(MCPToolOutcome(structured: ["n": 1], text: "x")), now: now)
    }
    endpoint.ended(exchange)
  }

  /// Often nothing, mostly one to three damaged bytes, sometimes a word of the protocol in a wrong place.
  private static func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    guard Int.random(in: 0..<3, using: &random) > 0 else { return }
    for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: index)
      case 2: bytes.insert(contentsOf: Array((values.randomElement(using: &random) ?? "").utf8), at: index)
      case 3: bytes.removeSubrange(index..<min(bytes.count, index + 20))
      default: bytes[index] = Array("{}[]\",:0null".utf8).randomElement(using: &random) ?? 0
      }
    }
  }
}
