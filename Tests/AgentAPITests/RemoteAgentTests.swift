import FoundationEssentials
import HTTP2
import NIOCore
import SwiftProtobuf
import Synchronization
import Testing

@testable import AgentAPI

/// Both ends over a real link.
@Suite(.timeLimit(.minutes(1))) struct RemoteAgentTests {
  /// Runs `body` with a scripted agent and a link to it.
  private func linked(_ body: (ScriptedAgent, RemoteAgent) async throws -> Void) async throws {
    let agent = ScriptedAgent()
    try await AgentHouse.serving(agent) { port, _ in
      try await AgentHouse.linked(to: port) { try await body(agent, $0) }
    }
  }

  @Test func aRefusedStreamIsAskedForAgainAndThenReported() async throws {
    let asked = Mutex(0)
    let server = try await HTTP2Server.bind(
      host: "127.0.0.1", port: 0, tls: nil, settings: AgentHouse.patient.http2, group: AgentHouse.group,
      logger: AgentHouse.logger
    ) { stream, head, _ in
      if head.first(named: ":path")?.hasSuffix("/Describe") == true { asked.withLock { $0 += 1 } }
      stream.reset(.refusedStream)
      return Deaf()
    }
    try await AgentHouse.linked(to: server.localAddress.port!) { remote in
      let failure = await failure { _ = try await remote.describe(DescribeRequest(), AgentHouse.context) }
      #expect(failure?.code == .unreachable)
      #expect(failure?.mayHaveRun == false)
      #expect(asked.withLock { $0 } == 3)
    }
    await server.shutdown(grace: .zero)
  }

  private func failure(_ body: () async throws -> Void) async -> AgentError? {
    await #expect(throws: AgentError.self) { try await body() }
  }

  @Test func everyMethodAnswers() async throws {
    try await linked { agent, remote in
      let described = try await remote.describe(DescribeRequest(), AgentHouse.context)
      #expect(described.agentName == "scripted")
      #expect(described.segment == "tester")

      let path = Data([0x2f, 0xff, 0x0a])
      let (info, timings) = try await remote.stat(
        StatRequest.with {
          $0.host = "ok"
          $0.path = path
        }, AgentHouse.context)
      #expect(info.name == path)
      #expect(info.size == 1 << 40)
      #expect(timings == ScriptedAgent.timings)

      let bytes = Mutex(0)
      let request = ReadRequest.with {
        $0.host = "ok"
        $0.limit = 10_000_000
      }
      let readTimings = try await remote.read(request, AgentHouse.context) { chunk in
        bytes.withLock { $0 += chunk.data.count }
      }
      #expect(bytes.withLock { $0 } == 10_000_000)
      #expect(readTimings == ScriptedAgent.timings)

      let entries = Mutex<[Entry]>([])
      let list = ListRequest.with {
        $0.host = "ok"
        $0.limit = 250
      }
      _ = try await remote.list(list, AgentHouse.context) { batch in entries.withLock { $0 += batch.entries } }
      #expect(entries.withLock { $0.count } == 250)

      let events = Mutex<[RunEvent]>([])
      let run = RunRequest.with {
        $0.host = "ok"
        $0.argv = ["echo", "a b"]
      }
      let runTimings = try await remote.run(run, AgentHouse.context) { event in events.withLock { $0.append(event) } }
      #expect(runTimings == ScriptedAgent.timings)
      let seen = events.withLock { $0 }
      try #require(seen.count == 4)
      #expect(seen[1].stdout == Data("echo a b".utf8))
      #expect(seen[2].stderr == Data("tester r-1".utf8))
      #expect(seen[3].exit.code == 3)
    }
  }

  @Test func watchGoesOnUntilItsReceiverHasEnough() async throws {
    struct Enough: Error {}
    try await linked { agent, remote in
      let events = Mutex<[WatchEvent]>([])
      await #expect(throws: Enough.self) {
        try await remote.watch(WatchRequest.with { $0.heartbeatMs = 1 }, AgentHouse.context) { event in
          let count = events.withLock { events in
            events.append(event)
            return events.count
          }
          if count == 4 { throw Enough() }
        }
      }
      let seen = events.withLock { $0 }
      try #require(seen.count == 4)
      #expect(seen[0].inventory.agentName == "scripted")
      #expect(seen[3].heartbeat.pool.bound == 20)
      await agent.until { $0.cancelled == 1 }
    }
  }

  @Test(arguments: FailureCode.allCases)
  func failuresArriveWhole(code: FailureCode) async throws {
    try await linked { _, remote in
      let request = StatRequest.with { $0.host = code.rawValue }
      let failure = await failure { _ = try await remote.stat(request, AgentHouse.context) }
      #expect(
        failure
          == AgentError(
            code: code, message: "as told: \(code.rawValue)", phase: "operation", elapsed: .milliseconds(12),
            retryAfter: code == .overloaded ? .milliseconds(50) : nil))
    }
  }

  @Test func deadlineStopsTheAgent() async throws {
    try await linked { agent, remote in
      _ = try await remote.describe(DescribeRequest(), AgentHouse.context)
      // What is to happen within a time must not depend on how busy the machine is.
      for seconds in [0.5, 5, 20] where agent.current.started == 0 {
        var context = AgentHouse.context
        context.deadline = .now + .seconds(seconds)
        let request = StatRequest.with { $0.host = "hang" }
        let failure = await failure { _ = try await remote.stat(request, context) }
        #expect(failure?.code == .timeout)
      }
      await agent.until { $0.cancelled == 1 }
    }
  }

  @Test func cancelStopsTheAgent() async throws {
    try await linked { agent, remote in
      let failure = await withTaskGroup(of: AgentError?.self) { group in
        group.addTask {
          await self.failure { _ = try await remote.stat(StatRequest.with { $0.host = "hang" }, AgentHouse.context) }
        }
        await agent.until { $0.started == 1 }
        group.cancelAll()
        return await group.next()!
      }
      #expect(failure?.code == .cancelled)
      await agent.until { $0.cancelled == 1 }
    }
  }

  @Test func slowReceiverHoldsTheAgent() async throws {
    try await linked { agent, remote in
      let request = ReadRequest.with {
        $0.host = "ok"
        $0.limit = 64 << 20
      }
      let chunks = Mutex(0)
      _ = try await remote.read(request, AgentHouse.context) { _ in
        let seen = chunks.withLock { chunks in
          chunks += 1
          return chunks
        }
        guard seen == 1 else { return }
        for _ in 0..<200 { _ = try await remote.describe(DescribeRequest(), AgentHouse.context) }
        // A window of 1 MiB and what the agent's side queues, by 256 KiB.
        #expect(agent.current.chunks <= 8)
      }
      #expect(chunks.withLock { $0 } == 257)
    }
  }

  @Test func thousandsOfCallsShareTheLink() async throws {
    try await linked { _, remote in
      let done = try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<2000 {
          group.addTask {
            _ = try await remote.stat(StatRequest.with { $0.host = "ok" }, AgentHouse.context)
          }
        }
        var done = 0
        while try await group.next() != nil { done += 1 }
        return done
      }
      #expect(done == 2000)
    }
  }
}
