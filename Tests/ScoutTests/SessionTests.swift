import Foundation
import MCP
import TestFleet
import Testing

extension EndToEnd {
  /// Clients with sessions, and what they leave behind: commands that they take back, streams that they lose.
  @Suite struct SessionTests {
    /// A coordinator with an embedded agent, asked by curl.
    private static func with(
      hosts: Int = 1, _ body: (ScoutProcess, Curl, TestFleet) async throws -> Void
    ) async throws {
      try await TestFleet.with(hosts: hosts) { fleet in
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath])
        let door = Curl(base: "http://127.0.0.1:\(try await coordinator.port())", folder: fleet.directory)
        try await body(coordinator, door, fleet)
        #expect(coordinator.errors.contains("msg=listening"))
      }
    }

    /// A command that waits until somebody writes into a pipe, which is made.
    private static func waiting(_ targets: JSON, _ fifo: String, progress: JSON? = nil) throws -> JSON {
      guard mkfifo(fifo, 0o600) == 0 else { throw FleetError("no pipe \(fifo)") }
      var params: JSONObject = [
        "name": "query",
        "arguments": ["targets": targets, "command": ["grep", "x", .string(fifo)], "timeout_ms": 60_000],
      ]
      if let progress { params["_meta"] = ["progressToken": progress] }
      return ["jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": .object(params)]
    }

    private static let cancelled: JSON = [
      "jsonrpc": "2.0", "method": "notifications/cancelled", "params": ["requestId": 5, "reason": "no more"],
    ]

    @Test func aCallThatIsTakenBackEndsItsCommandOnTheHost() async throws {
      try await Self.with { _, door, fleet in
        let fifo = fleet.files.path + "/fifo"
        let session = try await door.session()
        let call = try door.open(try Self.waiting(["host1"], fifo), session)
        try await until { processes(mentioning: fifo) > 0 }
        #expect(try await door.send(Self.cancelled, session).status == 202)
        try await until { processes(mentioning: fifo) == 0 }
        // Nothing is sent for it.
        #expect(try await call.end() == 0)
        #expect(!call.output.contains("result"), "\(call.output)")
      }
    }

    /// Not another session's, though its client counts alike.
    @Test func nobodyTakesBackWhatIsAnothers() async throws {
      try await Self.with { _, door, fleet in
        let fifo = fleet.files.path + "/fifo"
        let (session, other) = (try await door.session(), try await door.session())
        let call = try door.open(try Self.waiting(["host1"], fifo), session)
        try await until { processes(mentioning: fifo) > 0 }
        #expect(try await door.send(Self.cancelled, other).status == 202)
        try "x\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        #expect(try await call.end() == 0)
        #expect(call.output.contains(#""exit_code":0"#), "\(call.output)")
      }
    }

    @Test func theEndOfInputEndsACommandOnTheHost() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        let scout = try ScoutProcess(["coordinator", "--transport", "stdio", "--ssh-config", fleet.configPath])
        let lines = [Curl.initialize, try Self.waiting(["host1"], fifo)].map { $0.serialized() + [UInt8(ascii: "\n")] }
        try scout.input.write(contentsOf: Data(lines.joined()))
        try await until { processes(mentioning: fifo) > 0 }
        try scout.input.close()
        #expect(try await scout.end(within: .seconds(5)) == 0, "\(scout.errors)")
        try await until { processes(mentioning: fifo) == 0 }
      }
    }

    @Test func aCallThatIsTakenBackOverStdioEndsItsCommandOnTheHost() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        let scout = try ScoutProcess(["coordinator", "--transport", "stdio", "--ssh-config", fleet.configPath])
        func send(_ message: JSON) throws {
          try scout.input.write(contentsOf: Data(message.serialized() + [UInt8(ascii: "\n")]))
        }
        try send(Curl.initialize)
        try send(try Self.waiting(["host1"], fifo))
        try await until { processes(mentioning: fifo) > 0 }
        try send(Self.cancelled)
        try await until { processes(mentioning: fifo) == 0 }
        try send(["jsonrpc": "2.0", "id": 6, "method": "ping"])
        try await until { scout.output.contains(#""id":6"#) }
        #expect(!scout.output.contains(#""id":5"#), "\(scout.output)")
        try scout.input.close()
        #expect(try await scout.end(within: .seconds(5)) == 0)
      }
    }

    @Test func anOpenStreamDoesNotHoldUpTheEnd() async throws {
      try await Self.with { coordinator, door, _ in
        let stream = try door.open(nil, try await door.session())
        try await until {
          try await door.send(to: "/metrics").body.contains("scout_http_streams 1")
        }
        coordinator.signal(SIGTERM)
        #expect(try await coordinator.end(within: .seconds(5)) == 0, "\(coordinator.errors)")
        // The stream has its end, it is not cut off.
        #expect(try await stream.end(within: .seconds(5)) == 0, "\(stream.errors)")
      }
    }

    @Test func anAnswerGoesOnWhereItsStreamWasLost() async throws {
      try await Self.with { _, door, fleet in
        let fifo = fleet.files.path + "/fifo"
        // Nothing listens there: this host fails at once, which is progress.
        try fleet.addHost("dead", address: "127.0.0.1", port: try freePort())
        try await until { try await door.send(Curl.call("hosts", [:])).body.contains("dead") }
        let session = try await door.session()
        let call = try door.open(try Self.waiting(["host1", "dead"], fifo, progress: "p"), session)
        try await until { processes(mentioning: fifo) > 0 && call.output.contains("\n\n") }
        let last = call.output.split(separator: "\n").last { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
        let seen = try #require(last, "\(call.output)")
        call.signal(SIGKILL)
        #expect(try await call.end() == 128 + SIGKILL)
        // The command goes on, and so does its answer.
        try "x\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        let rest = try await door.send(nil, session + ["Last-Event-ID: \(seen)"])
        #expect(rest.status == 200 && rest.field("content-type") == "text/event-stream", "\(rest)")
        #expect(rest.json?["id"] == 5 && !rest.body.contains("id: \(seen)\n"), "\(rest.body)")
        let answer = rest.json?["result"]?["structuredContent"]
        #expect(answer?["groups"]?.array?.first?["stdout"] == "x\n", "\(rest.body)")
        #expect(answer?["failures"]?.array?.first?["host"] == "dead", "\(rest.body)")
        // Not for somebody else's session, and not from where nothing was.
        let other = try await door.session()
        #expect(try await door.send(nil, other + ["Last-Event-ID: \(seen)"]).status == 400)
        #expect(try await door.send(nil, session + ["Last-Event-ID: 99-1"]).status == 400)
      }
    }
  }
}

extension Curl {
  func send(_ call: (message: JSON, fields: [String])) async throws -> Answer {
    try await send(call.message, call.fields)
  }
}
