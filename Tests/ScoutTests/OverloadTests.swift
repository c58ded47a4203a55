import Agent
import AgentAPI
import Foundation
import Logging
import NIOCore
import NIOPosix
import SSH
import Synchronization
import TestFleet
import Testing

extension EndToEnd {
  /// More than an agent takes, over the link and a real sshd.
  @Suite struct OverloadTests {
    private static func context(_ id: String = "call") -> CallContext {
      CallContext(deadline: .now + .seconds(60), requestID: id, principal: "p")
    }

    private static func with(_ body: @escaping @Sendable (RemoteAgent, TestFleet) async throws -> Void) async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let group = MultiThreadedEventLoopGroup.singleton
        var settings = AgentSettings(name: "a", segment: "dc1", configPath: fleet.configPath)
        settings.runsCommands = true
        settings.journal.running = 1000
        let agent = try Agent(
          settings: settings, pool: SSHPool(group: group, logger: logger), version: "test", logger: logger)
        let server = try await AgentServer.bind(
          agent, host: "127.0.0.1", port: 0, tls: nil, group: group, logger: logger)
        let remote = RemoteAgent(
          target: AgentTarget(name: "dc1", host: "127.0.0.1", port: server.address.port ?? 0), group: group,
          logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { services in
          services.addTask { try await agent.run() }
          services.addTask { try await server.run() }
          services.addTask { try await remote.run() }
          defer { services.cancelAll() }
          try await body(remote, fleet)
        }
      }
    }

    /// The agent's next report of its load.
    private static func load(_ remote: RemoteAgent) async throws -> LoadFigures {
      var request = WatchRequest()
      request.heartbeatMs = 100
      let report = Report()
      try? await remote.watch(request, context()) { event in
        if case .heartbeat(let heartbeat)? = event.event {
          report.load = heartbeat.load
          throw CancellationError()
        }
      }
      return try #require(report.load)
    }

    private static func load(
      _ remote: RemoteAgent, until condition: (LoadFigures) -> Bool
    ) async throws -> LoadFigures {
      let end = ContinuousClock.now + .seconds(20)
      while true {
        let figures = try await load(remote)
        if condition(figures) { return figures }
        guard .now < end else { throw FleetError("the load stays \(figures)") }
      }
    }

    private static func command(_ index: Int, _ fifo: String) -> RunRequest {
      var request = RunRequest()
      request.host = "host1"
      request.argv = ["cat", fifo]
      request.kind = .command
      request.requestID = "c\(index)"
      return request
    }

    @Test func aHostThatHasEnoughLeavesTheOthersServed() async throws {
      try await Self.with { remote, fleet in
        let fifo = fleet.files.appending(path: "fifo").path
        try await run("/usr/bin/mkfifo", [fifo])
        try Data("same".utf8).write(to: fleet.files.appending(path: "f"))
        var read = ReadRequest()
        read.path = .init("\(fleet.files.path)/f".utf8)
        read.limit = 100
        try await withThrowingTaskGroup(of: Void.self) { group in
          // Eight run and end only when somebody writes; 64 wait.
          for index in 0..<72 {
            group.addTask { _ = try? await remote.run(Self.command(index, fifo), Self.context("c\(index)")) { _ in } }
          }
          let full = try await Self.load(remote) { $0.waiting == 64 }
          #expect(full.limit == 32 && full.refused == 0)

          let shed = await #expect(throws: AgentError.self) {
            _ = try await remote.run(Self.command(100, fifo), Self.context("c100")) { _ in }
          }
          #expect(shed?.code == .overloaded && shed?.scope == .agent && shed?.mayHaveRun == false)
          #expect(shed?.retryAfter.map { $0 >= .milliseconds(50) && $0 <= .seconds(2) } == true)

          for host in ["host2", "host3"] {
            for _ in 0..<20 {
              var request = read
              request.host = host
              _ = try await remote.read(request, Self.context()) { _ in }
            }
          }
          #expect(try await Self.load(remote).waiting == 64, "they were served beside those that wait")

          // All give up: what runs is ended, what waits never begins.
          group.cancelAll()
        }
        let rest = try await Self.load(remote) { $0.inFlight == 0 && $0.waiting == 0 }
        #expect(rest.refused == 1 && rest.limit >= 8)
      }
    }
  }

  /// What a watch has told. Sendable: state behind a lock.
  private final class Report: Sendable {
    private let state = Mutex<LoadFigures?>(nil)

    var load: LoadFigures? {
      get { state.withLock { $0 } }
      set { state.withLock { $0 = newValue } }
    }
  }
}
