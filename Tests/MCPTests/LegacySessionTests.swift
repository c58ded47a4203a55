import Synchronization
import Testing

@testable import MCP

struct LegacySessionTests {
  static let call = Fixture.message("tools/call", ["name": "read", "arguments": [:]])

  @Test func aSessionAnswersWhatItsRevisionHas() throws {
    let endpoint = try Fixture.endpoint()
    let id = try endpoint.open("2025-06-18")
    #expect(id.utf8.count == 32 && id.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    let fields = [Fixture.session(id), MCPHTTPField("MCP-Protocol-Version", "2025-06-18")]
    let ping = try endpoint.answer(Fixture.post(Fixture.message("ping", id: "p"), fields))
    #expect(ping.status == 200 && ping.text == #"{"id":"p","jsonrpc":"2.0","result":{}}"#)
    let notification = Fixture.message("notifications/initialized", id: nil)
    #expect(try endpoint.answer(Fixture.post(notification, fields)) == MCPHTTPAnswer(status: 202))
    let response = try endpoint.answer(Fixture.post(["jsonrpc": "2.0", "id": 1, "result": [:]], fields))
    #expect(response.status == 202)
    let unknown = try endpoint.answer(Fixture.post(Fixture.message("prompts/list"), fields))
    #expect(unknown.status == 200 && unknown.code == -32601)
    let tools = try endpoint.answer(Fixture.post(Fixture.message("tools/list"), fields))
    #expect(tools.json?["result"]?["tools"]?.array?.count == 2)
    let call = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(id)]))
    #expect(call.survivesDisconnect)
  }

  @Test func withoutASessionNothingButInitialize() throws {
    let endpoint = try Fixture.endpoint()
    let missing = try endpoint.answer(Fixture.post(Self.call))
    #expect(missing.status == 400 && missing.code == -32600 && missing.json?["id"] == 1)
    let unknown = try endpoint.answer(Fixture.post(Self.call, [Fixture.session("nope")]))
    #expect(unknown.status == 404 && unknown.json?["id"] == 1)
    let twice = try endpoint.answer(Fixture.post(Self.call, [Fixture.session("a"), Fixture.session("b")]))
    #expect(twice.status == 400)
    let wrong = try endpoint.answer(Fixture.post(Fixture.message("initialize", [:])))
    #expect(wrong.status == 200 && wrong.code == -32602)
    #expect(endpoint.sessionCount == 0)
  }

  @Test func aSessionBelongsToWhoOpenedIt() throws {
    let endpoint = try Fixture.endpoint()
    let id = try endpoint.open(principal: "anna")
    let request = Fixture.post(Fixture.message("ping"), [Fixture.session(id)])
    #expect(try endpoint.answer(request, principal: "bert").status == 404)
    let end = MCPHTTPRequest(method: "DELETE", fields: [Fixture.session(id)])
    #expect(try endpoint.answer(end, principal: "bert").status == 404)
    #expect(try endpoint.answer(request, principal: "anna").status == 200)
  }

  @Test func aSessionEndsByDeleteAndWithItItsCallsAndStreams() throws {
    let endpoint = try Fixture.endpoint()
    let id = try endpoint.open()
    let exchange = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(id)]))
    let cancelled = Counter()
    let woken = Counter()
    endpoint.began(exchange) { _ in _ = cancelled.next() }
    var stream = try endpoint.stream(id)
    endpoint.listening(stream) { _ = woken.next() }
    #expect(endpoint.next(&stream) == .wait)
    let answer = try endpoint.answer(MCPHTTPRequest(method: "DELETE", fields: [Fixture.session(id)]))
    #expect(answer.status == 204)
    #expect(cancelled.current == 1 && woken.current == 1)
    #expect(endpoint.next(&stream) == .end)
    #expect(try endpoint.answer(Fixture.post(Self.call, [Fixture.session(id)])).status == 404)
    endpoint.ended(exchange)
  }

  @Test func anIdleSessionExpiresUnlessItIsAtWork() throws {
    let endpoint = try Fixture.endpoint { $0.sessionIdle = .seconds(60) }
    let idle = try endpoint.open()
    let busy = try endpoint.open()
    let listening = try endpoint.open()
    let exchange = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(busy)]))
    let stream = try endpoint.stream(listening)
    #expect(endpoint.sweep(now: Fixture.start + .seconds(59)) == 3)
    #expect(endpoint.sweep(now: Fixture.start + .seconds(61)) == 2)
    #expect(try endpoint.answer(Fixture.post(Fixture.message("ping"), [Fixture.session(idle)])).status == 404)
    endpoint.ended(exchange)
    endpoint.closed(stream, now: Fixture.start + .seconds(61))
    #expect(endpoint.sweep(now: Fixture.start + .seconds(62)) == 1)
    #expect(endpoint.sweep(now: Fixture.start + .seconds(122)) == 0)
  }

  @Test func theLeastRecentlyUsedSessionMakesRoom() throws {
    let endpoint = try Fixture.endpoint { $0.sessions = 2 }
    let first = try endpoint.open(now: Fixture.start)
    let second = try endpoint.open(now: Fixture.start + .seconds(1))
    let ping = Fixture.message("ping")
    let used = Fixture.post(ping, [Fixture.session(first)])
    #expect(try endpoint.answer(used, now: Fixture.start + .seconds(2)).status == 200)
    _ = try endpoint.open(now: Fixture.start + .seconds(3))
    #expect(endpoint.sessionCount == 2)
    #expect(try endpoint.answer(used).status == 200)
    #expect(try endpoint.answer(Fixture.post(ping, [Fixture.session(second)])).status == 404)
  }

  @Test func nobodyTakesTheRoomOfSessionsAtWork() throws {
    let endpoint = try Fixture.endpoint { $0.sessions = 1 }
    let id = try endpoint.open()
    let exchange = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(id)]))
    let initialize = Fixture.post(Fixture.message("initialize", ["protocolVersion": "2025-11-25"]))
    let later = Fixture.start + .seconds(600)
    let refused = try endpoint.answer(initialize, now: later)
    #expect(refused.status == 503 && refused.fields.contains { $0.name == "retry-after" })
    endpoint.ended(exchange)
    #expect(try endpoint.answer(initialize, principal: "bert", now: Fixture.start + .seconds(59)).status == 503)
    #expect(try endpoint.answer(initialize, principal: "bert", now: later).status == 200)
  }

  @Test func onePrincipalHasHisShareOnly() throws {
    let endpoint = try Fixture.endpoint {
      $0.sessions = 10
      $0.sessionsPerPrincipal = 2
    }
    let foreign = try endpoint.open(principal: "bert")
    for _ in 0..<5 { _ = try endpoint.open(principal: "anna", now: Fixture.start + .seconds(900)) }
    #expect(endpoint.sessionCount == 3)
    let ping = Fixture.post(Fixture.message("ping"), [Fixture.session(foreign)])
    #expect(try endpoint.answer(ping, principal: "bert").status == 200)
  }

  @Test func cancellationReachesTheCallOfItsSessionOnly() throws {
    let endpoint = try Fixture.endpoint()
    let session = try endpoint.open()
    let other = try endpoint.open()
    var mine = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(session)]))
    let others = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(other)]))
    let cancelled = Mutex<[CallID]>([])
    for exchange in [mine, others] { endpoint.began(exchange) { id in cancelled.withLock { $0.append(id) } } }
    let cancel = Fixture.message("notifications/cancelled", ["requestId": 1], id: nil)
    #expect(try endpoint.answer(Fixture.post(cancel, [Fixture.session(session)])).status == 202)
    #expect(cancelled.withLock { $0 } == [mine.calls[0].id])
    // The call came out all the same: nothing is sent for it.
    let outputs = endpoint.finished(
      &mine, mine.calls[0].id, .success(MCPToolOutcome(text: "late")), now: Fixture.start)
    #expect(outputs == [.head(status: 200, fields: ListenStream.fields), .end])
    #expect(try endpoint.answer(Fixture.post(cancel, [Fixture.session(session)])).status == 202)
  }

  @Test func aCancellationBeforeTheDriverIsReadyIsNotLost() throws {
    let endpoint = try Fixture.endpoint()
    let session = try endpoint.open()
    let exchange = try endpoint.exchange(Fixture.post(Self.call, [Fixture.session(session)]))
    let cancel = Fixture.message("notifications/cancelled", ["requestId": 1], id: nil)
    _ = try endpoint.answer(Fixture.post(cancel, [Fixture.session(session)]))
    let cancelled = Counter()
    endpoint.began(exchange) { _ in _ = cancelled.next() }
    #expect(cancelled.current == 1)
  }

  @Test func batchesAreForTheOneRevisionThatHasThem() throws {
    let endpoint = try Fixture.endpoint()
    let batch: JSON = [
      Fixture.message("ping", id: 1), Fixture.message("notifications/initialized", id: nil),
      Fixture.message("nope", id: 2),
      Fixture.message("initialize", id: 3), 4,
    ]
    let old = try endpoint.open("2025-06-18")
    #expect(try endpoint.answer(Fixture.post(batch, [Fixture.session(old)])).code == -32600)
    let id = try endpoint.open("2025-03-26")
    let answer = try endpoint.answer(Fixture.post(batch, [Fixture.session(id)]))
    let codes = answer.json?.array?.map { $0["error"]?["code"]?.integer }
    #expect(codes == [nil, -32601, -32600, -32600])
    let quiet = try endpoint.answer(
      Fixture.post([Fixture.message("notifications/initialized", id: nil)], [Fixture.session(id)]))
    #expect(quiet == MCPHTTPAnswer(status: 202))
    #expect(try endpoint.answer(Fixture.post([], [Fixture.session(id)])).status == 400)
    let many = JSON.array(Array(repeating: ["jsonrpc": "2.0"], count: 33))
    #expect(try endpoint.answer(Fixture.post(many, [Fixture.session(id)])).status == 400)
  }

  @Test func aBatchOfCallsIsAnsweredWhenItsLastIsOut() throws {
    let endpoint = try Fixture.endpoint()
    let id = try endpoint.open("2025-03-26")
    let batch: JSON = [
      Fixture.message("tools/call", ["name": "read"], id: 1), Fixture.message("ping", id: 2),
      Fixture.message("tools/call", ["name": "list"], id: 3),
    ]
    var exchange = try endpoint.exchange(Fixture.post(batch, [Fixture.session(id)]))
    #expect(exchange.calls.map(\.name) == ["read", "list"])
    let done = MCPCallResult.success(MCPToolOutcome(text: "x"))
    #expect(endpoint.finished(&exchange, exchange.calls[1].id, done, now: Fixture.start).isEmpty)
    let outputs = endpoint.finished(&exchange, exchange.calls[0].id, done, now: Fixture.start)
    #expect(outputs.contentType == "application/json" && outputs.isEnd)
    let answers = try JSON(parsing: Array(outputs.text.utf8)).array
    #expect(answers?.compactMap { $0["id"]?.integer } == [2, 3, 1])
  }
}
