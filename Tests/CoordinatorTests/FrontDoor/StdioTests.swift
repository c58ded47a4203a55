import Coordinator
import Foundation
import Logging
import MCP
import ServiceLifecycle
import Telemetry
import Testing

/// The stdio front door over real pipes.
@Suite struct StdioTests {
  /// A door whose stdin and stdout are pipes.
  private struct Client {
    let input = Pipe()
    let output = Pipe()
    let tools = DoorTools()

    func send(_ messages: JSON...) throws {
      for message in messages {
        try input.fileHandleForWriting.write(contentsOf: message.serialized() + [UInt8(ascii: "\n")])
      }
    }

    func end() throws { try input.fileHandleForWriting.close() }

    /// Everything on stdout until the door has ended, a message a line.
    func lines() throws -> [JSON] {
      try output.fileHandleForWriting.close()
      let data = try output.fileHandleForReading.readToEnd() ?? Data()
      return try data.split(separator: UInt8(ascii: "\n")).map { try JSON(parsing: Array($0)) }
    }

    func door(_ limits: StdioDoor.Limits = .init()) throws -> StdioDoor {
      var logger = Logger(label: "stdio")
      logger.logLevel = .error
      return try StdioDoor(
        server: DoorTools.server(tools), provider: tools, registry: MetricsRegistry(), limits: limits,
        input: input.fileHandleForReading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor,
        logger: logger)
    }
  }

  private static let meta: JSON = [
    "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
  ]

  private static func initialize(_ version: String = "2025-11-25") -> JSON {
    [
      "jsonrpc": "2.0", "id": 0, "method": "initialize",
      "params": [
        "protocolVersion": .string(version), "capabilities": [:], "clientInfo": ["name": "t", "version": "1"],
      ],
    ]
  }

  private static func call(_ id: JSON, _ tool: String, _ arguments: JSON = [:], modern: Bool = false) -> JSON {
    var params: JSONObject = ["name": .string(tool), "arguments": arguments]
    if modern { params["_meta"] = meta }
    return ["jsonrpc": "2.0", "id": id, "method": "tools/call", "params": .object(params)]
  }

  @Test func bothErasOnOneConnection() async throws {
    let client = Client()
    try client.send(
      Self.initialize(), ["jsonrpc": "2.0", "method": "notifications/initialized"],
      Self.call(1, "echo", ["text": "old"]), Self.call("two", "echo", ["text": "new"], modern: true))
    async let running: Void = client.door().run()
    #expect(try await finished(client.tools, 2))
    try client.end()
    try await running
    let lines = try client.lines()
    #expect(lines.count == 3)
    #expect(lines.first { $0["id"] == 0 }?["result"]?["protocolVersion"] == "2025-11-25")
    #expect(lines.first { $0["id"] == 1 }?["result"]?["content"]?.array?.first?["text"] == "old")
    #expect(lines.first { $0["id"] == "two" }?["result"]?["resultType"] == "complete")
  }

  @Test func callsRunSideBySideAndTheEndOfInputCancelsThem() async throws {
    let client = Client()
    try client.send(Self.call(1, "slow", ["ms": 60_000]), Self.call(2, "slow", ["ms": 60_000]), Self.call(3, "echo"))
    let began = ContinuousClock.now
    async let running: Void = client.door().run()
    #expect(try await finished(client.tools, 1))
    try client.end()
    try await running
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(client.tools.cancelled == 2)
    #expect(try client.lines().contains { $0["id"] == 3 })
  }

  @Test func aCancelledCallIsNotAnswered() async throws {
    let client = Client()
    try client.send(Self.call(7, "slow", ["ms": 60_000]))
    async let running: Void = client.door().run()
    #expect(try await eventually { client.tools.started == 1 })
    try client.send(["jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 7]])
    #expect(try await eventually { client.tools.cancelled == 1 })
    try client.send(Self.call(8, "echo"))
    #expect(try await finished(client.tools, 1))
    try client.end()
    try await running
    #expect(try client.lines().map { $0["id"] } == [8])
  }

  @Test func progressComesBeforeItsAnswer() async throws {
    let client = Client()
    var params: JSONObject = ["name": "progress", "arguments": ["steps": 3, "ms": 120]]
    params["_meta"] = ["progressToken": "p"]
    try client.send(["jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": .object(params)])
    async let running: Void = client.door().run()
    #expect(try await finished(client.tools, 1))
    try client.end()
    try await running
    let lines = try client.lines()
    #expect(lines.count == 4)
    #expect(lines.dropLast().allSatisfy { $0["method"] == "notifications/progress" })
    #expect(lines.last?["id"] == 1)
  }

  @Test func garbageAndLongLinesAreAnsweredAndSurvived() async throws {
    let client = Client()
    try client.input.fileHandleForWriting.write(contentsOf: Data("not json\n\n".utf8))
    try client.input.fileHandleForWriting.write(contentsOf: Data(String(repeating: "x", count: 5000).utf8) + [10])
    try client.send(Self.call(1, "echo"))
    try client.end()
    var limits = StdioDoor.Limits()
    limits.line = 4096
    try await client.door(limits).run()
    let lines = try client.lines()
    #expect(lines.compactMap { $0["error"]?["code"]?.integer } == [-32700, -32600])
  }

  @Test func tooManyCallsAreRefusedWithAWord() async throws {
    let client = Client()
    try client.send(Self.call(1, "slow", ["ms": 60_000]), Self.call(2, "echo"))
    var limits = StdioDoor.Limits()
    limits.calls = 1
    async let running: Void = client.door(limits).run()
    #expect(try await eventually { client.tools.started == 1 })
    try client.end()
    try await running
    #expect(try client.lines().first { $0["id"] == 2 }?["result"]?["isError"] == true)
  }

  @Test func gracefulShutdownEndsADoorThatWaitsForInput() async throws {
    let client = Client()
    let services = ServiceGroup(services: [try client.door()], logger: Logger(label: "stdio"))
    async let running: Void = services.run()
    try client.send(Self.call(1, "echo"))
    #expect(try await finished(client.tools, 1))
    let began = ContinuousClock.now
    await services.triggerGracefulShutdown()
    try await running
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(try client.lines().count == 1)
  }

  /// The client has stopped to read what it is told: the door ends all the same.
  @Test(.timeLimit(.minutes(1)), arguments: [true, false])
  func aClientThatDoesNotReadHoldsNobodyBack(endsItsInput: Bool) async throws {
    let client = Client()
    let services = ServiceGroup(
      services: [try client.door()], gracefulShutdownSignals: [], logger: Logger(label: "stdio"))
    async let running: Void = services.run()
    let text = String(repeating: "x", count: 50_000)
    let descriptor = client.input.fileHandleForWriting.fileDescriptor
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    // Until it reads no more for a while.
    var (id, refusals, rest) = (Int64(0), 0, ArraySlice<UInt8>())
    while refusals < 20 {
      if rest.isEmpty {
        id += 1
        rest = (Self.call(.int(id), "echo", ["text": .string(text)]).serialized() + [UInt8(ascii: "\n")])[...]
      }
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
        refusals = 0
      } else {
        refusals += 1
        try await Task.sleep(for: .milliseconds(20))
      }
    }
    #expect(id > 5)
    if endsItsInput { try client.end() } else { await services.triggerGracefulShutdown() }
    // That a service ends is an error to a group, unless it was told otherwise.
    try? await running
  }

  @Test func aFileServesAsInput() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("stdio-\(UUID().uuidString)")
    try Data(Self.initialize().serialized() + [10]).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let client = Client()
    let input = try FileHandle(forReadingFrom: file)
    let door = try StdioDoor(
      server: DoorTools.server(client.tools), provider: client.tools, registry: MetricsRegistry(),
      input: input.fileDescriptor, output: client.output.fileHandleForWriting.fileDescriptor,
      logger: Logger(label: "stdio"))
    try await door.run()
    #expect(try client.lines().count == 1)
  }

  private func finished(_ tools: DoorTools, _ count: Int) async throws -> Bool {
    let isDone = try await eventually { tools.finished >= count }
    // The answer is written right after the tool has returned.
    try await Task.sleep(for: .milliseconds(50))
    return isDone
  }

  private func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<500 {
      if condition() { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return condition()
  }
}
