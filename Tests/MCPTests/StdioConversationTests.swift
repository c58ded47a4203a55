import Testing

@testable import MCP

struct StdioConversationTests {
  static func conversation() throws -> StdioConversation { StdioConversation(server: try Fixture.server()) }

  @Test func bothErasShareOneConnection() throws {
    var conversation = try Self.conversation()
    func ask(_ message: JSON) throws -> JSON { try Self.written(&conversation, message) }
    #expect(try ask(Fixture.message("server/discover"))["error"]?["code"] == -32601)
    #expect(try ask(Fixture.modern("server/discover"))["result"]?["supportedVersions"] == ["2026-07-28"])
    let initialize = Fixture.message("initialize", ["protocolVersion": "2024-11-05"])
    #expect(try ask(initialize)["result"]?["protocolVersion"] == "2024-11-05")
    #expect(try ask(Fixture.message("tools/list"))["result"]?["tools"]?.array?.first?["annotations"] == nil)
    #expect(try ask(Fixture.modern("tools/list"))["result"]?["resultType"] == "complete")
    #expect(try ask(Fixture.message("ping", id: "x")) == ["jsonrpc": "2.0", "id": "x", "result": [:]])
    // initialize is legacy, whatever its _meta says.
    var enveloped = initialize.object ?? [:]
    enveloped["params"] = ["protocolVersion": "2026-07-28", "_meta": Fixture.meta]
    #expect(try ask(.object(enveloped))["result"]?["protocolVersion"] == "2025-11-25")
  }

  @Test func modernChecksHoldWithoutHeaders() throws {
    var conversation = try Self.conversation()
    let key = ModernCheck.versionKey
    let missing = Fixture.modern("tools/list", meta: [key: "2026-07-28"])
    #expect(try Self.written(&conversation, missing)["error"]?["code"] == -32602)
    let unknown = Fixture.modern("tools/list", meta: [key: "2025-11-25", ModernCheck.capabilitiesKey: [:]])
    #expect(try Self.written(&conversation, unknown)["error"]?["code"] == -32022)
    #expect(try Self.written(&conversation, Fixture.modern("ping"))["error"]?["code"] == -32601)
  }

  @Test(arguments: [
    "", "  ", "\r", "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
  ])
  func someLinesWantNoAnswer(_ line: String) throws {
    var conversation = try Self.conversation()
    #expect(conversation.received(Array(line.utf8), now: Fixture.start).isEmpty)
  }

  @Test(arguments: [
    ("{", #"{"error":{"code":-32700,"message":"Parse error: expected a key at byte 1"},"jsonrpc":"2.0"}"#),
    (
      "[]",
      #"{"error":{"code":-32600,"message":"The body must be one JSON-RPC request or notification"},"jsonrpc":"2.0"}"#
    ),
    (
      #"{"jsonrpc":"2.0","id":7}"#,
      #"{"error":{"code":-32600,"message":"\"method\" is missing"},"id":7,"jsonrpc":"2.0"}"#
    ),
    (
      #"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#,
      #"{"error":{"code":-32600,"message":"a message with \"method\" has neither \"result\" nor \"error\""},"id":7,"jsonrpc":"2.0"}"#
    ),
    (#"{"jsonrpc":"2.0","id":7,"method":"ping"}"# + "\r", #"{"id":7,"jsonrpc":"2.0","result":{}}"#),
  ])
  func linesAndAnswers(_ line: String, _ answer: String) throws {
    var conversation = try Self.conversation()
    let decisions = conversation.received(Array(line.utf8), now: Fixture.start)
    guard case .write(let bytes)? = decisions.first, decisions.count == 1 else { throw Unexpected(what: "no answer") }
    #expect(String(decoding: bytes, as: UTF8.self) == answer + "\n")
  }

  @Test func callsWithTheSameIDAreKeptApart() throws {
    var conversation = try Self.conversation()
    let request = Fixture.message("tools/call", ["name": "read", "_meta": ["progressToken": 1]])
    let first = try Self.run(&conversation, request)
    let second = try Self.run(&conversation, request)
    #expect(first.id != second.id && conversation.callsUnderWay == [first.id, second.id])
    // A cancellation means the newest by that id; nothing is sent for it.
    let cancel = Fixture.message("notifications/cancelled", ["requestId": 1], id: nil)
    guard case .cancel(let id)? = conversation.received(cancel.serialized(), now: Fixture.start).first else {
      throw Unexpected(what: "no cancellation")
    }
    #expect(id == second.id)
    #expect(conversation.progressed(second.id, done: 1, total: nil, message: "", now: Fixture.start).isEmpty)
    #expect(conversation.finished(second.id, .success(MCPToolOutcome(text: "x"))).isEmpty)
    let note = conversation.progressed(first.id, done: 1, total: 2, message: "m", now: Fixture.start)
    #expect(note.last == UInt8(ascii: "\n") && conversation.nextTick == Fixture.start + .seconds(10))
    #expect(!conversation.ticked(now: Fixture.start + .seconds(10)).isEmpty)
    let answer = conversation.finished(first.id, .success(MCPToolOutcome(structured: ["n": 1], text: "x")))
    #expect(try JSON(parsing: answer)["result"]?["structuredContent"] == ["n": 1])
    #expect(conversation.finished(first.id, .success(MCPToolOutcome(text: "x"))).isEmpty)
    #expect(conversation.callsUnderWay.isEmpty && conversation.nextTick == nil)
    #expect(conversation.received(cancel.serialized(), now: Fixture.start).isEmpty)
  }

  @Test func cancellationAppliesToModernCallsToo() throws {
    var conversation = try Self.conversation()
    let call = try Self.run(&conversation, Fixture.modern("tools/call", ["name": "read"], id: "a"))
    let cancel = Fixture.message("notifications/cancelled", ["requestId": "a"], id: nil)
    guard case .cancel(call.id)? = conversation.received(cancel.serialized(), now: Fixture.start).first else {
      throw Unexpected(what: "no cancellation")
    }
  }

  @Test func logsGoToWhoAskedForThem() throws {
    var conversation = try Self.conversation()
    let message = MCPLogMessage(level: .info, logger: "scout", data: 1)
    let call = Fixture.message("tools/call", ["name": "read"])
    let before = try Self.run(&conversation, call)
    #expect(conversation.logged(before.id, message).isEmpty)
    _ = try Self.written(&conversation, Fixture.message("logging/setLevel", ["level": "info"]))
    let after = try Self.run(&conversation, call)
    #expect(!conversation.logged(after.id, message).isEmpty)
    let modern = try Self.run(&conversation, Fixture.modern("tools/call", ["name": "read"]))
    #expect(conversation.logged(modern.id, message).isEmpty)
  }

  @Test func missingCapabilitiesAreAnObject() {
    #expect(
      RPCError.missingCapability(["elicitation": [:]]).json["data"] == ["requiredCapabilities": ["elicitation": [:]]])
    #expect(RPCError.missingCapability(["elicitation": [:]]).code.rawValue == -32021)
  }

  @Test func aBatchIsOneLine() throws {
    var conversation = try Self.conversation()
    _ = try Self.written(&conversation, Fixture.message("initialize", ["protocolVersion": "2025-03-26"]))
    let call = Fixture.message("tools/call", ["name": "read"], id: 5)
    let batch: JSON = [call, Fixture.message("ping", id: 6), Fixture.message("initialize", id: 7), 8]
    let decisions = conversation.received(batch.serialized(), now: Fixture.start)
    guard case .run(let started)? = decisions.first, decisions.count == 1 else { throw Unexpected(what: "no call") }
    let line = conversation.finished(started.id, .success(MCPToolOutcome(text: "x")))
    #expect(try JSON(parsing: line).array?.map { $0["id"]?.integer } == [6, 7, nil, 5])
    #expect(line.filter { $0 == UInt8(ascii: "\n") }.count == 1)
  }

  static func written(_ conversation: inout StdioConversation, _ message: JSON) throws -> JSON {
    let decisions = conversation.received(message.serialized(), now: Fixture.start)
    guard case .write(let bytes)? = decisions.first, decisions.count == 1 else { throw Unexpected(what: "no answer") }
    return try JSON(parsing: bytes)
  }

  static func run(_ conversation: inout StdioConversation, _ message: JSON) throws -> MCPCall {
    guard case .run(let call)? = conversation.received(message.serialized(), now: Fixture.start).first else {
      throw Unexpected(what: "no call")
    }
    return call
  }
}
