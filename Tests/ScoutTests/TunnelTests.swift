import Foundation
import MCP
import Synchronization
import TestFleet
import Testing

@testable import scout

extension FleetTests {
  /// Agents that dial their coordinators, as processes before real hosts.
  @Suite struct TunnelTests {
    private func coordinator(
      agentPort: Int = 0, more: [String] = []
    ) throws -> ScoutProcess {
      try ScoutProcess(
        [
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent-listen",
          "127.0.0.1:\(agentPort)",
        ] + more)
    }

    private func agent(_ fleet: TestFleet, ports: [Int], _ more: [String] = []) throws -> ScoutProcess {
      try ScoutProcess(
        ["agent", "--segment", "dc1", "--name", "a", "--ssh-config", fleet.configPath] + more
          + ports.flatMap { ["--coordinator", "127.0.0.1:\($0)"] })
    }

    /// The port at which it says that agents may dial in.
    private func agentPort(of coordinator: ScoutProcess) async throws -> Int {
      _ = try await coordinator.port()
      return coordinator.errors.split(separator: "\n").first { $0.contains("agents may dial in") }
        .flatMap { $0.firstMatch(of: /:(\d+)( |$)/) }.flatMap { Int($0.1) } ?? 0
    }

    private func url(of coordinator: ScoutProcess) async throws -> String {
      "http://127.0.0.1:\(try await coordinator.port())/mcp"
    }

    private func read(_ url: String) async throws -> (code: Int32, output: String, errors: String) {
      try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url, "--timeout-ms", "10000"])
    }

    private func reads(_ url: String, within bound: Duration = .seconds(20)) async throws {
      try await until(within: bound) { try await read(url).code == 0 }
    }

    @Test func anAgentDialsOverMutualTLSAndIsWhoItsCertificateSays() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let pki = try await TunnelCertificates(in: fleet.directory.appending(path: "pki"))
        let coordinator = try coordinator(
          more: ["--agent-ca", pki.authority, "--agent-cert", pki.certificate("hub"), "--agent-key", pki.key("hub")])
        let port = try await agentPort(of: coordinator)
        let url = try await url(of: coordinator)
        func files(_ name: String, of pki: TunnelCertificates) -> [String] {
          ["--tls-ca", pki.authority, "--tls-cert", pki.certificate(name), "--tls-key", pki.key(name)]
        }
        // What it says of itself counts for nothing.
        let agent = try ScoutProcess(
          [
            "agent", "--segment", "claimed", "--name", "claimed", "--ssh-config", fleet.configPath, "--coordinator",
            "localhost:\(port)", "--coordinator", "hub.test=127.0.0.1:\(port)",
          ] + files("agent", of: pki))
        try await reads(url)
        let hosts = try await ScoutProcess.run(["hosts", "--url", url, "--json"])
        #expect(hosts.output.contains(#""segment":"dc7""#) && !hosts.output.contains("claimed"), "\(hosts.output)")

        // One of another authority, and one whose certificate names no agent.
        let stranger = try await TunnelCertificates(in: fleet.directory.appending(path: "stranger"))
        var foreign = files("agent", of: stranger)
        foreign[1] = pki.authority
        for (arguments, said) in [(foreign, "TLS failed"), (files("hub", of: pki), "not one agent")] {
          let known = coordinator.errors.utf8.count
          let refused = try ScoutProcess(
            ["agent", "--ssh-config", fleet.configPath, "--coordinator", "127.0.0.1:\(port)"] + arguments)
          try await until { String(coordinator.errors.utf8.dropFirst(known))?.contains(said) == true }
          try await until { refused.errors.contains("A coordinator cannot be joined") }
          #expect(!refused.errors.contains("A coordinator is joined"), "\(refused.errors)")
          // In words, without names of BoringSSL's and of Swift's types.
          let said = coordinator.errors + refused.errors
          #expect(!said.contains("OPENSSL_internal") && !said.contains("NIOSSL"), "\(said)")
        }
        #expect(try await read(url).code == 0)
        agent.signal(SIGTERM)
        #expect(try await agent.end(within: .seconds(5)) == 0)
        coordinator.signal(SIGTERM)
        #expect(try await coordinator.end(within: .seconds(5)) == 0)
      }
    }

    @Test(arguments: [SIGTERM, SIGKILL])
    func anAgentComesBackToACoordinatorThatWasRestarted(_ signal: Int32) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let first = try coordinator()
        let port = try await agentPort(of: first)
        let agent = try agent(fleet, ports: [port])
        try await reads(try await url(of: first))
        first.signal(signal)
        _ = try await first.end(within: .seconds(5))
        let second = try coordinator(agentPort: port)
        try await reads(try await url(of: second))
        #expect(agent.isRunning && fleet.loginCount == 1)
        agent.signal(SIGTERM)
        #expect(try await agent.end(within: .seconds(5)) == 0)
      }
    }

    @Test func anAgentKilledInMidCallIsAClearFailureAndWorksAgainAfterItsRestart() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        let coordinator = try coordinator()
        let port = try await agentPort(of: coordinator)
        let url = try await url(of: coordinator)
        let first = try agent(fleet, ports: [port])
        try await reads(url)
        let query = try ScoutProcess(["query", "host1", "--url", url, "--timeout-ms", "30000", "--", "grep", "x", fifo])
        try await until { processes(mentioning: fifo) - processes(mentioning: "--timeout-ms") > 0 }
        first.signal(SIGKILL)
        #expect(try await query.end(within: .seconds(10)) == 1)
        #expect(query.output.contains("lost") && query.output.contains("dc1/a"), "\(query.output)")
        let alone = try await read(url)
        #expect(alone.code == 1 && alone.output.contains("dc1/a cannot be reached"), "\(alone)")
        let second = try agent(fleet, ports: [port])
        try await reads(url)
        #expect(second.isRunning)
      }
    }

    @Test func noReadFailsWhenOneOfTwoAgentsIsKilled() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let coordinator = try coordinator()
        let port = try await agentPort(of: coordinator)
        let url = try await url(of: coordinator)
        let agents = try ["x", "y"].map { try agent(fleet, ports: [port], ["--name", $0]) }
        try await until(within: .seconds(20)) {
          let route = try await ScoutProcess.run(["route", "host1", "--url", url])
          return route.output.contains("dc1/x (") && route.output.contains("dc1/y (")
        }
        agents[0].signal(SIGKILL)
        for _ in 0..<10 {
          let read = try await read(url)
          #expect(read.code == 0, "\(read)")
        }
        #expect(agents[1].isRunning)
      }
    }

    /// The whole segment is restarted, one agent after the other, as an upgrade does it.
    @Test func noReadFailsWhileBothAgentsAreRestartedInTurn() async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let coordinator = try coordinator()
        let port = try await agentPort(of: coordinator)
        let url = try await url(of: coordinator)
        let names = ["x", "y"]
        var agents = try names.map { try agent(fleet, ports: [port], ["--name", $0]) }
        func areUsable() async throws -> Bool {
          let route = try await ScoutProcess.run(["route", "host1", "--url", url]).output
          return route.contains("dc1/x (usable)") && route.contains("dc1/y (usable)")
        }
        try await until(within: .seconds(20)) { try await areUsable() }
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { readers in
          for _ in 0..<4 {
            readers.addTask {
              let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: nil)
              while !tally.isOver {
                let result = try await caller.call("read", ["targets": .array(["*:/etc/hostname"])])
                tally.note(result.exitCode == 0 ? nil : result.text)
              }
            }
          }
          defer { tally.end() }
          for index in [0, 1, 0, 1] {
            try await tally.next(20)
            agents[index].signal(SIGTERM)
            #expect(try await agents[index].end(within: .seconds(20)) == 0, "\(agents[index].errors)")
            try await tally.next(20)
            agents[index] = try agent(fleet, ports: [port], ["--name", names[index]])
            try await until(within: .seconds(20)) { try await areUsable() }
          }
          try await tally.next(20)
          tally.end()
          try await readers.waitForAll()
        }
        #expect(tally.failures.isEmpty, "\(tally.failures.prefix(3))")
      }
    }

    /// Counts what readers that never stop have got.
    private final class Tally: Sendable {
      private let state = Mutex((reads: 0, failures: [String](), isOver: false))

      var isOver: Bool { state.withLock { $0.isOver } }
      var failures: [String] { state.withLock { $0.failures } }
      func end() { state.withLock { $0.isOver = true } }

      func note(_ failure: String?) {
        state.withLock { state in
          state.reads += 1
          if let failure { state.failures.append(failure) }
        }
      }

      /// Waits for so many reads more.
      func next(_ count: Int) async throws {
        let wanted = state.withLock { $0.reads } + count
        try await until(within: .seconds(60)) { state.withLock { $0.reads } >= wanted }
      }
    }

    @Test func anAgentThatDialsMayStandIn() async throws {
      try await TestFleet.with(hosts: 4) { fleet in
        let coordinator = try coordinator()
        let port = try await agentPort(of: coordinator)
        let url = try await url(of: coordinator)
        let standIn = try agent(fleet, ports: [port], ["--name", "x", "--priority", "1"])
        let first = try agent(fleet, ports: [port], ["--name", "y"])
        try await until(within: .seconds(20)) {
          let route = try await ScoutProcess.run(["route", "host1", "--url", url])
          return route.output.contains("dc1/x (") && route.output.contains("dc1/y (usable)")
        }
        for host in fleet.aliases {
          let route = try await ScoutProcess.run(["route", host, "--url", url])
          #expect(route.output.contains("\(host): through dc1/y"), "\(route.output)")
        }
        first.signal(SIGKILL)
        try await reads(url)
        let route = try await ScoutProcess.run(["route", "host1", "--url", url])
        #expect(route.output.contains("host1: through dc1/x") && standIn.isRunning, "\(route.output)")
      }
    }

    @Test func twoCoordinatorsBothAskOneAgent() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let coordinators = [try coordinator(), try coordinator()]
        var ports: [Int] = []
        for coordinator in coordinators { ports.append(try await agentPort(of: coordinator)) }
        let agent = try agent(fleet, ports: ports)
        for coordinator in coordinators { try await reads(try await url(of: coordinator)) }
        // The one does not need the other.
        coordinators[0].signal(SIGKILL)
        #expect(try await read(try await url(of: coordinators[1])).code == 0)
        #expect(agent.isRunning && fleet.loginCount == 1)
        #expect(!agent.errors.contains("msg=listening"))
      }
    }

    @Test func settingsThatCannotBeUsedStopTheStart() async throws {
      for (arguments, said) in [
        (["agent", "--coordinator", "10.0.0.5:7444"], "beyond loopback"),
        (["agent", "--coordinator", "nowhere"], "is not HOST:PORT"),
        (["agent", "--coordinator", "127.0.0.1:1", "--name", "a b"], "letters, digits"),
        (["agent", "--coordinator", "127.0.0.1:1", "--priority", "4"], "a whole number from 0 to 3"),
        (["coordinator", "--agent-listen", "0.0.0.0:0"], "not a loopback address"),
        (["coordinator", "--agent-listen", "7444"], "is not HOST:PORT"),
      ] {
        let result = try await ScoutProcess.run(arguments)
        #expect(result.code == 2 && result.errors.contains(said), "\(arguments): \(result)")
      }
    }
  }
}

/// An authority with a coordinator's and an agent's certificate, made by openssl(1).
private struct TunnelCertificates {
  private let folder: URL

  var authority: String { path("ca.pem") }
  func certificate(_ name: String) -> String { path("\(name).pem") }
  func key(_ name: String) -> String { path("\(name).key") }

  init(in folder: URL) async throws {
    self.folder = folder
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try await openssl(
      ["req", "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", path("ca.key"), "-out", authority]
        + Self.curve)
    try await issue("hub", names: "IP:127.0.0.1,DNS:localhost,DNS:hub.test,URI:spiffe://test/coordinator/hub")
    try await issue("agent", names: "URI:spiffe://test/agent/dc7/real")
  }

  private static let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

  private func path(_ name: String) -> String { folder.appending(path: name).path }

  private func issue(_ name: String, names: String) async throws {
    try await openssl(
      [
        "req", "-subj", "/CN=\(name)", "-addext", "subjectAltName=\(names)", "-keyout", key(name), "-out",
        path("\(name).csr"),
      ] + Self.curve)
    try await openssl([
      "x509", "-req", "-days", "2", "-in", path("\(name).csr"), "-CA", authority, "-CAkey", path("ca.key"),
      "-CAcreateserial", "-copy_extensions", "copy", "-out", certificate(name),
    ])
  }

  private func openssl(_ arguments: [String]) async throws { try await run("/usr/bin/openssl", arguments) }
}
