import AgentAPI
import Coordinator
import Foundation
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization
import TestFleet
import Testing

extension FleetTests {
  /// Two agents, each a process of its own, before the same hosts: no read fails when one of them does.
  @Suite struct FailoverTests {
    /// Counts what readers that never stop have got.
    private final class Tally: Sendable {
      struct State: Sendable {
        var reads = 0
        var failures: [String] = []
        var isOver = false
      }

      let state = Mutex(State())

      var reads: Int { state.withLock { $0.reads } }
      var isOver: Bool { state.withLock { $0.isOver } }
      func end() { state.withLock { $0.isOver = true } }

      func note(_ failures: [String]) {
        state.withLock { state in
          state.reads += 1
          state.failures += failures
        }
      }

      /// Waits for so many reads more.
      func next(_ count: Int) async throws {
        let wanted = reads + count
        try await until(within: .seconds(60)) { reads >= wanted }
      }
    }

    private func agent(_ fleet: TestFleet, port: Int = 0) throws -> ScoutProcess {
      try ScoutProcess([
        "agent", "--listen", "127.0.0.1:\(port)", "--segment", "dc1", "--ssh-config", fleet.configPath,
      ])
    }

    /// A tree that takes longer than an agent's silence is borne: the first agent tells that it is at work, and is left to it.
    @Test func aLongListingIsMadeOnce() async throws {
      var options = TestFleet.Options()
      options.hosts = 1
      options.sftpDelay = .milliseconds(20)
      try await TestFleet.with(options) { fleet in
        for number in 0..<130 { mkdir(fleet.files.path + "/d\(number)", 0o755) }
        let first = try agent(fleet)
        let second = try agent(fleet)
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await first.port()),dc1=http://127.0.0.1:\(try await second.port())",
        ])
        let base = "http://127.0.0.1:\(try await coordinator.port())"
        try await until {
          try await ScoutProcess.run(["hosts", "--url", base + "/mcp"]).output.contains("via dc1, dc1#2")
        }
        // With a connection that stands: one that is being made gets more time.
        try await until {
          let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", base + "/mcp"])
          let route = try await ScoutProcess.run(["route", "host1", "--json", "--url", base + "/mcp"])
          return read.code == 0 && route.output.contains(#""warm":true"#)
        }
        let began = ContinuousClock.now
        let listing = try await ScoutProcess.run([
          "list", "host1:\(fleet.files.path)", "--depth", "2", "--url", base + "/mcp", "--timeout-ms", "60000",
          "--json",
        ])
        #expect(listing.code == 0 && listing.output.contains(#""total":130"#), "\(listing.output.suffix(500))")
        // Five seconds are what a silent agent gets here.
        #expect(.now - began > .seconds(6), "too fast to show anything")
        let metrics = try await programRun("/usr/bin/curl", ["-sS", base + "/metrics"]).output.split(separator: "\n")
        #expect(metrics.contains("scout_route_retries_total 0"), "\(metrics.filter { $0.contains("route") })")
      }
    }

    /// Four readers of three hosts through a coordinator over both agents, while `disturb` does its worst.
    private func whileReading(
      _ fleet: TestFleet, ports: [Int], _ disturb: @Sendable (Tally, CoordinatorCore) async throws -> Void
    ) async throws -> [String] {
      let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      let remotes = ports.enumerated().map { index, port in
        RemoteAgent(
          target: AgentTarget(name: "dc1#\(index + 1)", host: "127.0.0.1", port: port),
          group: MultiThreadedEventLoopGroup.singleton, logger: logger)
      }
      let directory = AgentDirectory(
        links: remotes.map { AgentLink(name: $0.target.name, segment: "dc1", service: $0) }, logger: logger)
      let core = CoordinatorCore(directory: directory, observer: CallObserver(metrics: nil, audit: nil))
      let target = try Target.withPath("*:/etc/hostname")
      let tally = Tally()
      return try await withThrowingTaskGroup(of: Void.self) { group in
        for service in remotes + [directory] as [any Service] { group.addTask { try await service.run() } }
        defer { group.cancelAll() }
        try await until { directory.report().hosts.first?.agents.count == 2 }
        try await withThrowingTaskGroup(of: Void.self) { readers in
          for reader in 0..<4 {
            readers.addTask {
              var number = 0
              while !tally.isOver {
                number += 1
                let options = CallOptions(timeout: .seconds(20), requestID: "read-\(reader)-\(number)")
                let answer = try await core.read([target], ReadRequestOptions(), options)
                tally.note(answer.failures.map { "\($0.host): \($0.code.rawValue) \($0.message)" })
              }
            }
          }
          defer { tally.end() }
          try await tally.next(20)
          try await disturb(tally, core)
          tally.end()
          try await readers.waitForAll()
        }
        return tally.state.withLock { $0.failures }
      }
    }

    @Test func noReadFailsWhenAnAgentIsKilledOrRestarted() async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let (first, second) = (try agent(fleet), try agent(fleet))
        let ports = [try await first.port(), try await second.port()]
        // They live until the last reader has ended.
        let later = Mutex<[ScoutProcess]>([])
        let failures = try await whileReading(fleet, ports: ports) { tally, core in
          first.signal(SIGKILL)
          try await tally.next(60)
          let third = try agent(fleet, port: ports[0])
          later.withLock { $0.append(third) }
          _ = try await third.port()
          try await until(within: .seconds(20)) { core.directory.report().agents[0].isHealthy }
          try await tally.next(20)
          // A restart in good order: it finishes what it has begun.
          second.signal(SIGTERM)
          #expect(try await second.end(within: .seconds(8)) == 0)
          try await tally.next(60)
          let fourth = try agent(fleet, port: ports[1])
          later.withLock { $0.append(fourth) }
          _ = try await fourth.port()
          try await until(within: .seconds(20)) { core.directory.report().agents[1].isHealthy }
          try await tally.next(20)
          third.signal(SIGTERM)
          #expect(try await third.end(within: .seconds(8)) == 0)
          try await tally.next(60)
        }
        #expect(failures.isEmpty, "\(failures.prefix(5))")
        #expect(later.withLock { $0.map(\.isRunning) } == [false, true])
      }
    }

    @Test func noReadFailsWhenAnAgentFreezes() async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let (first, second) = (try agent(fleet), try agent(fleet))
        let ports = [try await first.port(), try await second.port()]
        let failures = try await whileReading(fleet, ports: ports) { tally, core in
          first.signal(SIGSTOP)
          try await tally.next(200)
          first.signal(SIGCONT)
          try await until(within: .seconds(20)) { core.directory.report().agents[0].isHealthy }
          try await tally.next(20)
        }
        #expect(failures.isEmpty, "\(failures.prefix(5))")
        #expect(first.isRunning && second.isRunning)
      }
    }

    /// The command only reads, so it may run again; what its agent had said of it is void.
    @Test func aQueryThatRunsWhenItsAgentDiesIsAnsweredThroughTheOther() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        let agents = (try agent(fleet), try agent(fleet))
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await agents.0.port())", "--agent",
          "dc1=http://127.0.0.1:\(try await agents.1.port())",
        ])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        try await until {
          let route = try await ScoutProcess.run(["route", "host1", "--url", url])
          return route.output.contains("dc1 (usable)") && route.output.contains("dc1#2 (usable)")
        }
        let chosen = try await ScoutProcess.run(["route", "host1", "--url", url]).output
        let query = try ScoutProcess(["query", "host1", "--url", url, "--timeout-ms", "60000", "--", "grep", "x", fifo])
        try await until { processes(mentioning: fifo) > processes(mentioning: "--timeout-ms") }
        (chosen.contains("host1: through dc1#2") ? agents.1 : agents.0).signal(SIGKILL)
        // Whoever reads gets a line and an end. The one of the dead agent may be among them.
        signal(SIGPIPE, SIG_IGN)
        try await until(within: .seconds(30)) {
          let end = open(fifo, O_WRONLY | O_NONBLOCK)
          if end >= 0 {
            _ = write(end, "x\n", 2)
            close(end)
          }
          return !query.isRunning
        }
        #expect(try await query.end(within: .seconds(30)) == 0, "\(query.output)")
      }
    }

    @Test func anAgentThatStandsInIsAskedWhenTheOtherIsGone() async throws {
      try await TestFleet.with(hosts: 4) { fleet in
        let (standIn, first) = (try agent(fleet), try agent(fleet))
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await standIn.port())#1", "--agent",
          "dc1=http://127.0.0.1:\(try await first.port())",
        ])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        func readAll() async throws -> Int32 {
          try await ScoutProcess.run(["read", "*:/etc/hostname", "--url", url, "--timeout-ms", "10000"]).code
        }
        try await until { try await readAll() == 0 }
        for host in fleet.aliases {
          let route = try await ScoutProcess.run(["route", host, "--url", url])
          #expect(route.output.contains("\(host): through dc1#2"), "\(route.output)")
        }
        first.signal(SIGKILL)
        try await until(within: .seconds(20)) { try await readAll() == 0 }
        let route = try await ScoutProcess.run(["route", "host1", "--url", url])
        #expect(
          route.output.contains("host1: through dc1,") || route.output.contains("host1: through dc1\n"),
          "\(route.output)")
      }
    }
  }
}
