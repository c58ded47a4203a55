import AgentAPI
import Agent
import Foundation
import Logging
import NIOPosix
import SSH
import TestFleet
import Testing

/// What a coordinator is told of an agent's hosts, over a real sshd.
extension EndToEnd {
  @Suite struct WatchTests {
    /// An agent whose next heartbeat is a minute away: what arrives meanwhile came at once.
    private func watching(
      _ fleet: TestFleet, checkInterval: Duration? = nil,
      _ body: @Sendable (Agent, inout AsyncStream<WatchEvent>.Iterator) async throws -> Void
    ) async throws {
      let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      let health = HealthBook()
      let pool = SSHPool(group: MultiThreadedEventLoopGroup.singleton, logger: logger, observer: health.observer)
      var settings = AgentSettings(name: "a", segment: "dc1", configPath: fleet.configPath)
      settings.reloadInterval = .milliseconds(50)
      settings.checkInterval = checkInterval
      settings.checkPatience = .zero
      let agent = try Agent(settings: settings, pool: pool, health: health, version: "test", logger: logger)
      let (events, told) = AsyncStream<WatchEvent>.makeStream()
      try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await agent.run() }
        group.addTask {
          var request = WatchRequest()
          request.heartbeatMs = 60_000
          request.deltas = true
          let context = CallContext(deadline: .now + .seconds(60), requestID: "watch")
          try? await agent.watch(request, context) { event in told.yield(event) }
          told.finish()
        }
        var iterator = events.makeAsyncIterator()
        guard case .inventory(let reply)? = await iterator.next()?.event else {
          Issue.record("no inventory")
          return
        }
        #expect(reply.hosts.map(\.alias) == fleet.aliases)
        guard case .heartbeat? = await iterator.next()?.event else {
          Issue.record("no heartbeat")
          return
        }
        try await body(agent, &iterator)
      }
    }

    private func read(_ agent: Agent, _ host: String) async throws {
      var request = ReadRequest()
      request.host = host
      request.path = Data("/etc/hostname".utf8)
      let context = CallContext(deadline: .now + .seconds(10), requestID: "read")
      _ = try await agent.read(request, context) { _ in }
    }

    @Test func aHostThatNobodyAsksForIsLookedAfter() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try await watching(fleet, checkInterval: .seconds(600)) { _, events in
          var online: Set<String> = []
          while online.count < 2, case .hostStates(let states)? = await events.next()?.event {
            for host in states.changed where host.state.status == .online { online.insert(host.alias) }
          }
          #expect(online == ["host1", "host2"])
          // A connection was made, and no channel opened on it.
          #expect(fleet.sessionCount == 2)
        }
      }
    }

    @Test func whetherAConnectionStandsIsToldAtOnce() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try await watching(fleet) { agent, events in
          try await read(agent, "host1")
          var connected: [Bool] = []
          while connected.last != true, case .hostStates(let states)? = await events.next()?.event {
            connected += states.changed.filter { $0.alias == "host1" }.map(\.state.connected)
          }
          await fleet.killServers()
          while connected.last != false, case .hostStates(let states)? = await events.next()?.event {
            connected += states.changed.filter { $0.alias == "host1" }.map(\.state.connected)
          }
          #expect(connected == [true, false])
        }
      }
    }

    @Test func aHostThatAppearsComesOrGoesIsToldAtOnce() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try await watching(fleet) { agent, events in
          try await read(agent, "host1")
          guard case .hostStates(let first)? = await events.next()?.event else {
            Issue.record("no state")
            return
          }
          #expect(first.changed.map(\.alias) == ["host1"] && first.changed[0].state.status == .online)
          #expect(
            first.changed[0].state.phases.map(\.phase).suffix(3) == [.tcp, .keyExchange, .authentication])

          try fleet.addHost("added", address: fleet.addresses[0], port: fleet.port)
          guard case .inventoryChange(let change)? = await events.next()?.event else {
            Issue.record("no change")
            return
          }
          #expect(change.removed.isEmpty && change.placed.map(\.host.alias) == ["added"])
          #expect(change.placed[0].index == 0)

          await fleet.killServers()
          await #expect(throws: AgentError.self) { try await read(agent, "host2") }
          var gone: HostInfo?
          while gone?.state.status != .offline, case .hostStates(let states)? = await events.next()?.event {
            gone = states.changed.first { $0.alias == "host2" } ?? gone
          }
          #expect(gone?.state.lastErrorCode == "unreachable")
          #expect(gone?.state.breaker != .closed)
        }
      }
    }
  }
}
