import Testing

@testable import MCP

/// Only what the negotiated revision defines is emitted: misspelled or premature members pass the schemas, so keys are
/// compared with tables of our own.
struct RevisionFieldsTests {
  static let toolKeys: [MCPRevision: Set<String>] = [
    .november2024: ["name", "description", "inputSchema"],
    .march2025: ["name", "description", "inputSchema", "annotations"],
    .june2025: ["name", "title", "description", "inputSchema", "outputSchema", "annotations"],
    .november2025: ["name", "title", "description", "inputSchema", "outputSchema", "annotations"],
    .july2026: ["name", "title", "description", "inputSchema", "outputSchema", "annotations"],
  ]
  static let hints: Set = ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"]

  @Test(arguments: MCPRevision.allCases)
  func toolsListHasTheKeysOfItsRevision(_ revision: MCPRevision) throws {
    let result = try result(revision, "tools/list")
    #expect(
      keys(result)
        == (revision.isModern
          ? ["tools", "nextCursor", "ttlMs", "cacheScope", "resultType", "_meta"] : ["tools", "nextCursor"]))
    let tool = try #require(result["tools"]?.array?.last)
    #expect(keys(tool) == Self.toolKeys[revision])
    let annotations = tool["annotations"].map(keys)
    switch revision {
    case .november2024: #expect(annotations == nil)
    case .march2025: #expect(annotations == Self.hints.union(["title"]))
    case .june2025, .november2025, .july2026: #expect(annotations == Self.hints)
    }
  }

  @Test(arguments: MCPRevision.allCases)
  func callResultHasTheKeysOfItsRevision(_ revision: MCPRevision) throws {
    let server = try Fixture.server()
    let call = MCPCall(
      id: CallID(1), name: "read", arguments: [:], logLevel: nil, message: .int(1), progressToken: nil,
      revision: revision)
    let always: Set = revision.isModern ? ["content", "isError", "resultType", "_meta"] : ["content", "isError"]
    func result(_ outcome: MCPToolOutcome) throws -> JSON {
      try #require(server.reply(to: call, .success(outcome)).json["result"])
    }
    let good = try result(MCPToolOutcome(structured: ["n": 1], text: "one"))
    #expect(keys(good) == (revision >= .june2025 ? always.union(["structuredContent"]) : always))
    let bad = try result(MCPToolOutcome(structured: ["n": 1], text: "no", isError: true))
    #expect(keys(bad) == always)
    #expect(bad["isError"] == true && bad["content"] == [["type": "text", "text": "no"]])
    let refused = server.reply(to: call, .failure(MCPInvalidParams("what", data: ["a": 1]))).json
    #expect(refused == ["jsonrpc": "2.0", "id": 1, "error": ["code": -32602, "message": "what", "data": ["a": 1]]])
  }

  @Test(arguments: MCPRevision.legacy)
  func initializeEchoesALegacyRevision(_ revision: MCPRevision) throws {
    let result = try result(revision, "initialize")
    #expect(result["protocolVersion"] == .string(revision.rawValue))
    #expect(keys(result) == ["protocolVersion", "capabilities", "serverInfo", "instructions"])
    let info = try #require(result["serverInfo"])
    #expect(keys(info) == (revision >= .june2025 ? ["name", "version", "title"] : ["name", "version"]))
  }

  @Test(arguments: ["2026-07-28", "2023-01-01", "x", ""])
  func initializeAnswersTheNewestLegacyRevisionOtherwise(_ version: String) throws {
    let request = RPCRequest(id: .int(1), method: "initialize", params: ["protocolVersion": .string(version)])
    let dispatch = try Fixture.server().dispatchLegacy(request, revision: .march2025, logLevel: nil) { CallID(1) }
    guard case .initialize(let revision, let result) = dispatch else { throw Unexpected(what: "\(dispatch)") }
    #expect(revision == .november2025 && result["protocolVersion"] == "2025-11-25")
  }

  @Test func discoverHasItsKeys() throws {
    let result = try result(.july2026, "server/discover")
    #expect(
      keys(result) == [
        "supportedVersions", "capabilities", "instructions", "ttlMs", "cacheScope", "resultType", "_meta",
      ])
    #expect(result["supportedVersions"] == ["2026-07-28"])
    // Calls whose `_meta` names a level get `notifications/message`; the capability is deprecated in this revision.
    #expect(result["capabilities"] == ["tools": [:]])
    #expect(result["resultType"] == "complete")
    #expect(
      result["_meta"] == [
        "io.modelcontextprotocol/serverInfo": ["name": "scout", "title": "Scout", "version": "1.2.3"]
      ])
  }

  @Test(arguments: MCPRevision.allCases)
  func toolsListTurnsPages(_ revision: MCPRevision) throws {
    let first = try result(revision, "tools/list")
    #expect(first["tools"]?.array?.compactMap { $0["name"]?.string } == ["hosts", "read"])
    let cursor = try #require(first["nextCursor"])
    let second = try result(revision, "tools/list", ["cursor": cursor])
    #expect(second["tools"]?.array?.compactMap { $0["name"]?.string } == ["list"])
    #expect(second["nextCursor"] == nil)
    for wrong in ["", "tool-", "tool-0", "tool-1", "tool-02", "tool-4", "tool--2", "tool-99999999999999999999", "x"]
      as [JSON]
    {
      #expect(try code(revision, "tools/list", ["cursor": wrong]) == .invalidParams)
    }
    #expect(try code(revision, "tools/list", ["cursor": 2]) == .invalidParams)
  }

  @Test(arguments: MCPRevision.allCases)
  func whatWasNotDeclaredIsNotFound(_ revision: MCPRevision) throws {
    for method in [
      "prompts/list", "resources/list", "resources/templates/list", "resources/read", "prompts/get",
      "completion/complete",
      "tasks/get", "subscriptions/listen", "tools/List", "", "rpc.discover",
    ] {
      #expect(try code(revision, method) == .methodNotFound)
    }
    let modern = ["server/discover"]
    let legacy = ["ping", "initialize", "logging/setLevel"]
    for method in revision.isModern ? legacy : modern { #expect(try code(revision, method) == .methodNotFound) }
  }

  @Test(
    arguments: [
      (JSONObject(), RPCError.Code.invalidParams), (["name": 1], .invalidParams), (["name": "nope"], .invalidParams),
      (["name": "Read"], .invalidParams), (["name": "read", "arguments": []], .invalidParams),
      (["name": "read", "arguments": "x"], .invalidParams), (["name": "read"], nil),
      (["name": "read", "arguments": .null], nil),
    ] as [(JSONObject, RPCError.Code?)])
  func malformedCallsAreInvalid(_ params: JSONObject, _ expected: RPCError.Code?) throws {
    for revision in MCPRevision.allCases { #expect(try code(revision, "tools/call", params) == expected) }
  }

  @Test func logLevelIsOneOfTheEight() throws {
    for level in MCPLogLevel.allCases {
      #expect(try code(.june2025, "logging/setLevel", ["level": .string(level.rawValue)]) == nil)
    }
    for level in ["", "warn", "INFO", 3, nil] as [JSON] {
      #expect(try code(.june2025, "logging/setLevel", ["level": level]) == .invalidParams)
    }
    #expect(MCPLogLevel.allCases.sorted() == MCPLogLevel.allCases)
  }

  private func dispatch(_ revision: MCPRevision, _ method: String, _ params: JSONObject) throws -> Dispatch {
    let server = try Fixture.server()
    var params = params
    if method == "initialize" { params["protocolVersion"] = .string(revision.rawValue) }
    let request = RPCRequest(id: .int(1), method: method, params: params)
    return revision.isModern
      ? server.dispatchModern(request, revision: revision) { CallID(1) }
      : server.dispatchLegacy(request, revision: revision, logLevel: nil) { CallID(1) }
  }

  private func result(_ revision: MCPRevision, _ method: String, _ params: JSONObject = [:]) throws -> JSON {
    switch try dispatch(revision, method, params) {
    case .result(let result), .initialize(_, let result): return result
    case let other: throw Unexpected(what: "\(other)")
    }
  }

  private func code(_ revision: MCPRevision, _ method: String, _ params: JSONObject = [:]) throws -> RPCError.Code? {
    if case .failure(let error) = try dispatch(revision, method, params) { error.code } else { nil }
  }

  private func keys(_ value: JSON) -> Set<String> { Set(value.object.map { Array($0.keys) } ?? []) }
}
