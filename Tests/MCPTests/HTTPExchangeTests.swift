import Testing

@testable import MCP

/// How an answer under way is written: JSON or a stream, by events and instants.
struct HTTPExchangeTests {
  static let done = MCPCallResult.success(MCPToolOutcome(text: "done"))
  static let reply =
    #"{"id":1,"jsonrpc":"2.0","result":{"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"scout","title":"Scout","version":"1.2.3"}},"content":[{"text":"done","type":"text"}],"isError":false,"resultType":"complete"}}"#
  static let legacyReply =
    #"{"id":1,"jsonrpc":"2.0","result":{"content":[{"text":"done","type":"text"}],"isError":false}}"#

  static func modern(_ endpoint: MCPEndpoint, token: JSON? = nil, logLevel: JSON? = nil) throws -> HTTPExchange {
    var meta = Fixture.meta.object ?? [:]
    meta["progressToken"] = token
    meta[ModernCheck.logLevelKey] = logLevel
    let body = Fixture.modern("tools/call", ["name": "read", "arguments": ["target": "a:/b"]], meta: .object(meta))
    return try endpoint.exchange(Fixture.modernPost(body))
  }

  static func legacy(_ endpoint: MCPEndpoint, _ session: String, token: JSON? = nil) throws -> HTTPExchange {
    var params: JSONObject = ["name": "read"]
    if let token { params["_meta"] = ["progressToken": token] }
    return try endpoint.exchange(
      Fixture.post(Fixture.message("tools/call", .object(params)), [Fixture.session(session)]))
  }

  @Test func aQuickQuietCallIsAnsweredInJSON() throws {
    let endpoint = try Fixture.endpoint()
    var exchange = try Self.modern(endpoint)
    let call = try #require(exchange.calls.first)
    #expect(call.arguments == ["target": "a:/b"] && !call.wantsProgress && call.logLevel == nil)
    #expect(exchange.nextTick == Fixture.start + .seconds(15))
    let outputs = endpoint.finished(&exchange, call.id, Self.done, now: Fixture.start + .seconds(1))
    #expect(
      outputs == [
        .head(status: 200, fields: [MCPHTTPField("content-type", "application/json")]), .body(Array(Self.reply.utf8)),
        .end,
      ])
    #expect(exchange.isEnded)
    #expect(endpoint.finished(&exchange, call.id, Self.done, now: Fixture.start).isEmpty)
    #expect(endpoint.ticked(&exchange, now: Fixture.start + .seconds(60)).isEmpty)
  }

  @Test func invalidParamsAre400WhileNothingIsWritten() throws {
    let endpoint = try Fixture.endpoint()
    var exchange = try Self.modern(endpoint)
    let refused = MCPCallResult.failure(MCPInvalidParams("no such argument"))
    let outputs = endpoint.finished(&exchange, exchange.calls[0].id, refused, now: Fixture.start)
    #expect(outputs.status == 400 && outputs.contentType == "application/json")
    let session = try endpoint.open()
    var legacy = try Self.legacy(endpoint, session)
    #expect(endpoint.finished(&legacy, legacy.calls[0].id, refused, now: Fixture.start).status == 200)
  }

  @Test func theFirstNotificationMakesItAStream() throws {
    let endpoint = try Fixture.endpoint()
    var exchange = try Self.modern(endpoint, token: "t")
    let call = exchange.calls[0].id
    let first = endpoint.progressed(&exchange, call, done: 1, total: 2, message: "one of two", now: Fixture.start)
    #expect(
      first.text
        == "event: message\ndata: "
        + #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"message":"one of two","progress":1,"progressToken":"t","total":2}}"#
        + "\n\n")
    #expect(first.status == 200 && first.contentType == "text/event-stream")
    guard case .head(_, let fields) = try #require(first.first) else { throw Unexpected(what: "no head") }
    #expect(fields.contains(MCPHTTPField("x-accel-buffering", "no")))
    let last = endpoint.finished(&exchange, call, Self.done, now: Fixture.start)
    #expect(last == [.body(Array("event: message\ndata: \(Self.reply)\n\n".utf8)), .end])
  }

  @Test func silenceMakesItAStreamThatIsKeptOpen() throws {
    let endpoint = try Fixture.endpoint()
    var exchange = try Self.modern(endpoint)
    #expect(endpoint.ticked(&exchange, now: Fixture.start + .seconds(14)).isEmpty)
    let first = endpoint.ticked(&exchange, now: Fixture.start + .seconds(15))
    #expect(first.contentType == "text/event-stream" && first.text == ":\n\n")
    #expect(exchange.nextTick == Fixture.start + .seconds(30))
    #expect(endpoint.ticked(&exchange, now: Fixture.start + .seconds(30)) == [.body(Array(":\n\n".utf8))])
    let last = endpoint.finished(&exchange, exchange.calls[0].id, Self.done, now: Fixture.start + .seconds(31))
    #expect(last.text == "event: message\ndata: \(Self.reply)\n\n" && last.isEnd)
  }

  @Test func withoutATokenThereIsNoProgressAndWithoutALevelNoLog() throws {
    let endpoint = try Fixture.endpoint()
    var exchange = try Self.modern(endpoint)
    let call = exchange.calls[0].id
    #expect(endpoint.progressed(&exchange, call, done: 1, total: nil, message: "x", now: Fixture.start).isEmpty)
    let message = MCPLogMessage(level: .error, logger: "scout", data: "slow")
    #expect(endpoint.logged(&exchange, call, message, now: Fixture.start).isEmpty)
    var asked = try Self.modern(endpoint, logLevel: "error")
    #expect(
      endpoint.logged(&asked, asked.calls[0].id, message, now: Fixture.start).text
        == "event: message\ndata: "
        + #"{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"slow","level":"error","logger":"scout"}}"#
        + "\n\n")
    let milder = MCPLogMessage(level: .warning, logger: "scout", data: "slow")
    #expect(endpoint.logged(&asked, asked.calls[0].id, milder, now: Fixture.start).isEmpty)
    // Taken back by the client, and its end is still to come.
    asked.silenced(asked.calls[0].id)
    #expect(endpoint.logged(&asked, asked.calls[0].id, message, now: Fixture.start).isEmpty)
  }

  @Test func legacyStreamsHaveEventIDsAndCanBeResumed() throws {
    let endpoint = try Fixture.endpoint()
    let session = try endpoint.open("2025-06-18")
    var exchange = try Self.legacy(endpoint, session, token: 5)
    let call = exchange.calls[0].id
    let first = endpoint.progressed(&exchange, call, done: 1, total: nil, message: "", now: Fixture.start)
    #expect(
      first.text
        == "id: 1-1\nevent: message\ndata: "
        + #"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":1,"progressToken":5}}"# + "\n\n")
    var resumed = try endpoint.stream(session, after: "1-1")
    let woken = Counter()
    endpoint.listening(resumed) { _ = woken.next() }
    #expect(endpoint.next(&resumed) == .wait)
    let last = endpoint.finished(&exchange, call, Self.done, now: Fixture.start)
    endpoint.ended(exchange)
    #expect(woken.current == 1)
    let expected = "id: 1-2\nevent: message\ndata: \(Self.legacyReply)\n\n"
    #expect(last.text == expected)
    #expect(endpoint.next(&resumed) == .write(Array(expected.utf8)))
    #expect(endpoint.next(&resumed) == .end)
    // Once more after the end, and not for somebody else's stream.
    var again = try endpoint.stream(session, after: "1-1")
    #expect(endpoint.next(&again) == .write(Array(expected.utf8)))
    let fields = [Fixture.accept, Fixture.session(session), MCPHTTPField("Last-Event-ID", "2-1")]
    #expect(try endpoint.answer(MCPHTTPRequest(method: "GET", fields: fields)).status == 400)
  }

  @Test func theNewestRevisionWithSessionsPrimesItsStreams() throws {
    let endpoint = try Fixture.endpoint()
    for (version, text) in [("2025-11-25", "id: 1-1\ndata: \n\n:\n\n"), ("2025-06-18", ":\n\n")] {
      var exchange = try Self.legacy(endpoint, try endpoint.open(version))
      #expect(endpoint.ticked(&exchange, now: Fixture.start + .seconds(15)).text == text)
    }
  }

  @Test func aNewerListenerTakesThePlaceOfTheOlder() throws {
    let endpoint = try Fixture.endpoint()
    let session = try endpoint.open()
    var older = try endpoint.stream(session)
    let woken = Counter()
    endpoint.listening(older) { _ = woken.next() }
    var newer = try endpoint.stream(session)
    #expect(woken.current == 1)
    #expect(endpoint.next(&older) == .end)
    endpoint.closed(older, now: Fixture.start)
    #expect(endpoint.next(&newer) == .wait)
  }

  @Test func anAbandonedExchangeEndsItsStream() throws {
    let endpoint = try Fixture.endpoint()
    let session = try endpoint.open()
    var exchange = try Self.legacy(endpoint, session, token: 1)
    _ = endpoint.progressed(&exchange, exchange.calls[0].id, done: 1, total: nil, message: "", now: Fixture.start)
    var resumed = try endpoint.stream(session, after: "1-1")
    #expect(endpoint.next(&resumed) == .wait)
    endpoint.ended(exchange)
    #expect(endpoint.next(&resumed) == .end)
  }
}
