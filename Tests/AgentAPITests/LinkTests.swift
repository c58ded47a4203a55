import HTTP2
import NIOCore
import NIOPosix
import ServiceLifecycle
import SwiftProtobuf
import Testing

@testable import AgentAPI

/// The link when agents come and go.
@Suite(.timeLimit(.minutes(1))) struct LinkTests {
  private static let stat = StatRequest.with { $0.host = "ok" }
  /// Where an agent comes and goes: an address of this test's alone, so that nobody takes the port meanwhile.
  private let host = "127.\(Int.random(in: 1...254)).\(Int.random(in: 0...255)).\(Int.random(in: 1...254))"

  /// A port of that address at which nobody listens.
  private func freePort() async throws -> Int {
    let channel = try await ServerBootstrap(group: AgentHouse.group).bind(host: host, port: 0).get()
    let port = channel.localAddress!.port!
    try await channel.close()
    return port
  }

  private func until(_ remote: RemoteAgent, _ condition: (LinkState) -> Bool) async {
    for await state in remote.states() where condition(state) { return }
  }

  @Test func unreachableAgentIsNamed() async throws {
    var settings = LinkSettings()
    settings.connectTimeout = .milliseconds(300)
    let port = try await freePort()
    try await AgentHouse.linked(to: port, host: host, settings: settings) { remote in
      let start = ContinuousClock.now
      let failure = await #expect(throws: AgentError.self) {
        _ = try await remote.stat(Self.stat, AgentHouse.context)
      }
      #expect(failure?.code == .unreachable)
      #expect(failure?.scope == .agent)
      #expect(failure?.mayHaveRun == false)
      #expect(failure?.message.contains("dc1 at \(host):\(port)") == true)
      #expect(start.duration(to: .now) >= .milliseconds(300))
      await until(remote) { if case .down = $0 { true } else { false } }
    }
  }

  @Test func deadlineBoundsTheWaitForTheLink() async throws {
    let port = try await freePort()
    try await AgentHouse.linked(to: port, host: host) { remote in
      var context = AgentHouse.context
      context.deadline = .now + .milliseconds(100)
      let failure = await #expect(throws: AgentError.self) { _ = try await remote.stat(Self.stat, context) }
      #expect(failure?.code == .unreachable)
    }
  }

  @Test func callsWaitForAnAgentThatComesLater() async throws {
    let port = try await freePort()
    try await AgentHouse.linked(to: port, host: host) { remote in
      await until(remote) { if case .down = $0 { true } else { false } }
      let (sizes, answered) = AsyncStream.makeStream(of: Int64.self)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { answered.yield(try await remote.stat(Self.stat, AgentHouse.context).0.size) }
        try await AgentHouse.serving(ScriptedAgent(), host: host, port: port) { _, _ in
          for await size in sizes {
            #expect(size == 1 << 40)
            break
          }
          #expect(remote.state == .connected)
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func agentThatStopsInMidCallFailsItAndServesTheNextWhenItIsBack() async throws {
    let port = try await freePort()
    try await AgentHouse.linked(to: port, host: host) { remote in
      for _ in 0..<3 {
        let agent = ScriptedAgent()
        let failure = try await AgentHouse.serving(agent, host: host, port: port) { _, running in
          try await withThrowingTaskGroup(of: AgentError?.self) { group in
            group.addTask {
              await #expect(throws: AgentError.self) {
                _ = try await remote.stat(StatRequest.with { $0.host = "hang" }, AgentHouse.context)
              }
            }
            await agent.until { $0.started == 1 }
            await running.triggerGracefulShutdown()
            return try await group.next()!
          }
        }
        #expect(failure?.mayHaveRun == true)
        #expect(failure?.code == .lost)
        #expect(failure?.message.contains("dc1") == true)
      }
      try await AgentHouse.serving(ScriptedAgent(), host: host, port: port) { _, _ in
        _ = try await remote.stat(Self.stat, AgentHouse.context)
      }
    }
  }

  @Test func drainUnderLoadFailsNoCall() async throws {
    let port = try await freePort()
    try await AgentHouse.linked(to: port, host: host) { remote in
      try await withThrowingTaskGroup(of: Int.self) { group in
        let (stop, stopping) = AsyncStream.makeStream(of: Void.self)
        for _ in 0..<16 {
          group.addTask {
            var calls = 0
            while !Task.isCancelled {
              do {
                _ = try await remote.stat(Self.stat, AgentHouse.context)
                calls += 1
              } catch let error as AgentError where error.code == .cancelled {
                break
              }
            }
            return calls
          }
        }
        group.addTask {
          // Three agents, one after the other, each drained while the calls go on.
          for _ in 0..<3 {
            let agent = ScriptedAgent()
            try await AgentHouse.serving(agent, host: host, port: port, grace: .seconds(30)) { _, _ in
              await agent.until { $0.started >= 200 }
            }
          }
          stopping.finish()
          return 0
        }
        for await _ in stop {}
        group.cancelAll()
        var calls = 0
        while let count = try await group.next() { calls += count }
        #expect(calls >= 550)
      }
    }
  }

  @Test func drainEndsWatchesAtOnce() async throws {
    let agent = ScriptedAgent()
    try await AgentHouse.serving(agent, grace: .seconds(50)) { port, running in
      try await AgentHouse.linked(to: port) { remote in
        async let failure = #expect(throws: AgentError.self) {
          try await remote.watch(WatchRequest(), AgentHouse.context) { _ in }
        }
        await agent.until { $0.started == 1 }
        await running.triggerGracefulShutdown()
        let error = await failure
        #expect(error?.code == .unreachable)
        #expect(error?.scope == .agent)
        await agent.until { $0.cancelled == 1 }
      }
    }
  }

  @Test func stopEndsWhatIsWaiting() async throws {
    let port = try await freePort()
    let remote = RemoteAgent(
      target: AgentTarget(name: "dc1", host: host, port: port), settings: AgentHouse.patient, group: AgentHouse.group,
      logger: AgentHouse.logger)
    let failure = try await AgentHouse.running(remote) { running in
      await until(remote) { if case .down = $0 { true } else { false } }
      async let failure = #expect(throws: AgentError.self) { _ = try await remote.stat(Self.stat, AgentHouse.context) }
      await running.triggerGracefulShutdown()
      return await failure
    }
    #expect(failure?.code == .unreachable)
    #expect(remote.state == .stopped)
  }
}
