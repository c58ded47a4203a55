import Coordinator
import MCP
import NIOHTTP1
import ServiceLifecycle
import Telemetry
import Testing

/// Streams, cancellation and the end.
@Suite struct HTTPStreamTests {
  typealias Request = DoorClient.Request

  @Test func progressMakesTheAnswerAStream() async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(.call("progress", ["steps": 3, "ms": 150], token: "t"))
      #expect(answer.status == 200)
      #expect(answer.headers.first(name: "content-type") == "text/event-stream")
      #expect(answer.headers.first(name: "x-accel-buffering") == "no")
      let events = answer.events
      #expect(events.count == 4)
      #expect(events.dropLast().allSatisfy { $0["method"] == "notifications/progress" })
      #expect(events.dropLast().allSatisfy { $0["params"]?["progressToken"] == "t" })
      #expect(events.last?["result"]?["structuredContent"]?["text"] == "done")
    }
  }

  /// Only who asks for log messages gets them, from the level on that it names.
  @Test(arguments: [(nil, 0), ("error", 0), ("warning", 2), ("debug", 2)] as [(String?, Int)])
  func logMessagesComeToWhoAsks(level: String?, count: Int) async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(
        .modern(
          "tools/call", name: "progress", params: ["arguments": ["steps": 2, "ms": 10]],
          logLevel: level.map(JSON.string)))
      let events = answer.events.filter { $0["method"] == "notifications/message" }
      #expect(events.map { $0["params"]?["data"]?.string } == (1...2).prefix(count).map { "at \($0)" })
    }
  }

  @Test func aFailureBeforeTheFirstEventKeepsItsStatus() async throws {
    try await RunningDoor.with { door in
      try await door.expect(400, .modern("tools/call", name: "refuse", token: 1))
    }
  }

  @Test func withoutATokenTheAnswerIsJSON() async throws {
    try await RunningDoor.with { door in
      let answer = try await door.client.send(.call("progress", ["steps": 2, "ms": 10]))
      #expect(answer.headers.first(name: "content-type") == "application/json")
    }
  }

  @Test func aModernClientThatGoesAwayCancels() async throws {
    try await RunningDoor.with { door in
      try await door.client.open(.call("progress", ["steps": 1000, "ms": 20], token: 1)) { response in
        _ = try await response.next()
      }
      try await door.expectEventually { door.tools.cancelled == 1 }
    }
  }

  @Test func aModernClientThatGoesAwayBeforeAnyByteCancels() async throws {
    try await RunningDoor.with { door in
      await withTaskGroup(of: Void.self) { group in
        group.addTask { _ = try? await door.client.send(.call("slow", ["ms": 30_000])) }
        try? await door.expectEventually { door.tools.started == 1 }
        group.cancelAll()
      }
      try await door.expectEventually { door.tools.cancelled == 1 }
    }
  }

  @Test func aLegacyClientThatGoesAwayDoesNot() async throws {
    try await RunningDoor.with { door in
      let id = try await door.session()
      let params: JSON = ["name": "progress", "arguments": ["steps": 5, "ms": 60], "_meta": ["progressToken": 7]]
      try await door.client.open(.legacy("tools/call", params: params, session: id)) { _ = try await $0.next() }
      try await door.expectEventually { door.tools.finished == 1 }
      #expect(door.tools.cancelled == 0)
    }
  }

  @Test func aLegacyNotificationCancels() async throws {
    try await RunningDoor.with { door in
      let id = try await door.session()
      let params: JSON = ["name": "slow", "arguments": ["ms": 30_000]]
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let answer = try await door.client.send(.legacy("tools/call", params: params, id: 5, session: id))
          #expect(!answer.body.contains("result"))
        }
        try await door.expectEventually { door.tools.started == 1 }
        let cancel = Request.legacy("notifications/cancelled", params: ["requestId": 5], id: nil, session: id)
        try await door.expect(202, cancel)
        try await group.waitForAll()
      }
      #expect(door.tools.cancelled == 1)
    }
  }

  @Test func aGetStreamOpensAndEndsWithItsSession() async throws {
    try await RunningDoor.with { door in
      let id = try await door.session()
      let get = Request.get("/mcp", [("Accept", "text/event-stream"), ("Mcp-Session-Id", id)])
      try await door.client.open(get) { response in
        #expect(response.status == 200)
        #expect(response.headers.first(name: "content-type") == "text/event-stream")
        let end = Request(method: .DELETE, headers: [("Mcp-Session-Id", id)])
        _ = try await door.client.send(end)
        let rest = try await response.next()
        #expect(rest == nil)
      }
    }
  }

  @Test func shutdownLetsCallsFinishAndEndsStreams() async throws {
    let clock = ContinuousClock()
    var began = clock.now
    try await RunningDoor.with {
      $0.limits.drain = .seconds(60)
    } _: { door in
      let id = try await door.session()
      let get = Request.get("/mcp", [("Accept", "text/event-stream"), ("Mcp-Session-Id", id)])
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let rest = try await door.client.open(get) { response in try await response.next() }
          #expect(rest == nil)
        }
        group.addTask {
          let answer = try await door.client.send(.call("progress", ["steps": 4, "ms": 150], token: 1))
          #expect(answer.events.last?["result"]?["structuredContent"]?["text"] == "done")
        }
        group.addTask {
          let answer = try await door.client.send(.call("slow", ["ms": 700]))
          #expect(answer.json["result"]?["structuredContent"]?["text"] == "slept")
        }
        try await door.expectEventually { door.tools.started == 2 }
        try await door.expectEventually { door.registry.prometheusText().contains("scout_http_streams 1") }
        began = clock.now
        await door.services.triggerGracefulShutdown()
        try await group.waitForAll()
      }
    }
    #expect(clock.now - began < .seconds(30))
  }

  @Test func shutdownDoesNotWaitForEndlessCalls() async throws {
    let clock = ContinuousClock()
    var began = clock.now
    try await RunningDoor.with {
      $0.limits.drain = .seconds(1)
    } _: { door in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try? await door.client.send(.call("progress", ["steps": 10_000, "ms": 50], token: 1)) }
        group.addTask { _ = try? await door.client.send(.call("slow", ["ms": 60_000])) }
        try await door.expectEventually { door.tools.started == 2 }
        began = clock.now
        await door.services.triggerGracefulShutdown()
        try await group.waitForAll()
      }
    }
    #expect(clock.now - began < .seconds(20))
  }

  @Test func connectionsAreKeptAlive() async throws {
    try await RunningDoor.with { door in
      let statuses = try await door.client.sendTwiceOnOneConnection(.call("echo"))
      #expect(statuses == [200, 200])
    }
  }
}
