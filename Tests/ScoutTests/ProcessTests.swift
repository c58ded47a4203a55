import Foundation
import MCP
import TestFleet
import Testing

extension FleetTests {
  /// The coordinator and the agent as processes: start, signals, death and return.
  @Suite struct ProcessTests {
    @Test(arguments: [SIGTERM, SIGINT])
    func aSignalEndsBothWithinFiveSecondsAndCodeZero(_ signal: Int32) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let link = "dc1=http://127.0.0.1:\(try await agent.port())"
        let coordinator = try ScoutProcess(
          ["coordinator", "--http-port", "0", "--no-embedded-agent", "--agent", link])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url])
        #expect(read.code == 0, "\(read)")
        coordinator.signal(signal)
        #expect(try await coordinator.end(within: .seconds(5)) == 0)
        agent.signal(signal)
        #expect(try await agent.end(within: .seconds(5)) == 0)
      }
    }

    /// Beyond what a message may have by default.
    @Test func messagesMayBeAsLargeAsTheSettingSays() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-body-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let name = String(repeating: "x", count: 5 << 20)
      try """
      {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},\
      "clientInfo":{"name":"\(name)","version":"1"}}}
      """.write(to: folder.appending(path: "body"), atomically: true, encoding: .utf8)
      for (size, status) in [(4 << 20, "413"), (8 << 20, "200")] {
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0", "--max-body-size",
          "\(size)",
        ])
        let answer = try await run(
          "/usr/bin/curl",
          [
            "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/json", "-H",
            "Accept: application/json, text/event-stream", "--data-binary", "@\(folder.path)/body",
            "http://127.0.0.1:\(try await coordinator.port())/mcp",
          ])
        #expect(answer == status)
      }
    }

    /// A service manager tries again after 1, not after 2.
    @Test func anAgentsAddressThatIsTakenMayBeFreeLater() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let address = "127.0.0.1:\(try await agent.port())"
        let second = try await ScoutProcess.run(["agent", "--listen", address, "--ssh-config", fleet.configPath])
        #expect(
          second.code == 1 && second.errors.contains("SCOUT_LISTEN (--listen) \(address): Cannot listen"), "\(second)")
        #expect(second.errors.contains("Address already in use") && !second.errors.contains("errno"), "\(second)")
      }
    }

    @Test func anAddressThatIsTakenStopsTheStartByName() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let arguments = ["coordinator", "--ssh-config", fleet.configPath, "--http-port"]
        let first = try ScoutProcess(arguments + ["0"])
        let port = try await first.port()
        let second = try await ScoutProcess.run(arguments + ["\(port)"])
        // Not 2, after which a service manager would leave it: the address may come free.
        #expect(second.code == 1)
        #expect(second.errors.contains("cannot listen on 127.0.0.1:\(port)"), "\(second.errors)")
      }
    }

    @Test func aSignalEndsItWithACallUnderWay() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let query = try ScoutProcess(["query", "host1", "--url", url, "--timeout-ms", "60000", "--", "grep", "x", fifo])
        try await until { processes(mentioning: "grep x \(fifo)") + grepsOn(fifo) > 0 }
        coordinator.signal(SIGTERM)
        #expect(try await coordinator.end(within: .seconds(5)) == 0, "\(coordinator.errors)")
        #expect(try await query.end() == 1)
        try await until { grepsOn(fifo) == 0 }
      }
    }

    @Test func aClientThatIsKilledTakesItsCommandWithIt() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let link = "dc1=http://127.0.0.1:\(try await agent.port())"
        for wiring in [["--ssh-config", fleet.configPath], ["--no-embedded-agent", "--agent", link]] {
          let coordinator = try ScoutProcess(["coordinator", "--http-port", "0"] + wiring)
          let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
          let query = try ScoutProcess([
            "query", "host1", "--url", url, "--timeout-ms", "60000", "--", "grep", "x", fifo,
          ])
          try await until { grepsOn(fifo) > 0 }
          query.signal(SIGKILL)
          try await until { grepsOn(fifo) == 0 }
        }
      }
    }

    @Test func aCommandThatTheAgentEndsNamesTheAgentsBound() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let query = try await ScoutProcess.run(
          ["query", "host1", "--ssh-config", fleet.configPath, "--timeout-ms", "30000", "--", "cat", fifo],
          environment: ["SCOUT_COMMAND_TIMEOUT": "1"])
        #expect(query.code == 1 && query.output.contains("1 s (SCOUT_COMMAND_TIMEOUT)"), "\(query)")
      }
    }

    /// More than a call may ask for is no fault of a call that asks for nothing.
    @Test func aLargeBoundOfCommandsLeavesCallsAlone() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let read = try await ScoutProcess.run(
          ["read", "host1:/etc/hostname", "--ssh-config", fleet.configPath],
          environment: ["SCOUT_COMMAND_TIMEOUT": "3600"])
        #expect(read.code == 0, "\(read)")
      }
    }

    @Test func anAgentKilledInMidCallIsAClearFailureAndWorksAgainAfterItsRestart() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        let first = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let port = try await first.port()
        let coordinator = try ScoutProcess(
          ["coordinator", "--http-port", "0", "--no-embedded-agent", "--agent", "dc1=http://127.0.0.1:\(port)"])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let query = try ScoutProcess(["query", "host1", "--url", url, "--timeout-ms", "30000", "--", "grep", "x", fifo])
        try await until { grepsOn(fifo) > 0 }
        first.signal(SIGKILL)
        #expect(try await query.end(within: .seconds(10)) == 1)
        #expect(query.output.contains("lost") && query.output.contains("dc1"), "\(query.output)")
        let second = try ScoutProcess(["agent", "--listen", "127.0.0.1:\(port)", "--ssh-config", fleet.configPath])
        _ = try await second.port()
        try await until(within: .seconds(15)) {
          try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code == 0
        }
      }
    }

    /// A pool's figures go from an agent of its own over the link to whoever scrapes the coordinator.
    @Test func theMetricsTellOfLinkAndPool() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let agent = try ScoutProcess(
          ["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath, "--name", "a"],
          environment: ["SCOUT_IDLE_TIMEOUT": "1"])
        let link = "dc1=http://127.0.0.1:\(try await agent.port())"
        let coordinator = try ScoutProcess(
          ["coordinator", "--http-port", "0", "--no-embedded-agent", "--agent", link])
        let base = "http://127.0.0.1:\(try await coordinator.port())"
        for _ in 0..<2 {
          let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", base + "/mcp"])
          #expect(read.code == 0, "\(read)")
        }
        var lines: [Substring] = []
        func figure(_ name: String, _ label: String = "") -> Double? {
          lines.first { $0.hasPrefix(name + "{") && (label.isEmpty || $0.contains(label)) }
            .flatMap { Double($0.split(separator: " ").last ?? "") }
        }
        // A slow machine may take longer to the second read than a connection is kept: then there are two.
        try await until(within: .seconds(20)) {
          lines = try await programRun("/usr/bin/curl", ["-sS", base + "/metrics"]).output.split(separator: "\n")
          return figure("scout_pool_acquire_wait_seconds_count") == 2
            && figure("scout_pool_evictions_total", #"reason="idle""#) == figure("scout_pool_connections_total")
        }
        #expect(figure("scout_link_up") == 1)
        let connections = try #require(figure("scout_pool_connections_total"))
        #expect(connections == 1 || connections == 2)
        #expect(figure("scout_pool_misses_total") == connections)
        #expect(figure("scout_pool_hits_total") == 2 - connections)
        for phase in ["tcp", "key_exchange", "authentication", "total"] {
          #expect(figure("scout_pool_handshake_seconds_count", "phase=\"\(phase)\"") == connections)
        }
        #expect(try #require(figure("scout_pool_acquire_wait_seconds", #"quantile="0.99""#)) > 0)
        for name in ["evicted_in_use_total", "stray_returns_total", "leaked_leases", "leased", "waiting"] {
          #expect(figure("scout_pool_" + name) == 0, "\(name)")
        }
        #expect(figure("scout_pool_bound") == 256)
      }
    }

    /// What the coordinator says of a call can be followed to what each agent did for it.
    @Test func aCallHasTheSameRequestIDInBothLogs() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await agent.port())",
        ])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        #expect(try await ScoutProcess.run(["read", "*:/etc/hostname", "--url", url]).code == 0)
        #expect(try await ScoutProcess.run(["list", "host1:/none", "--url", url]).code == 1)
        func operations(_ log: String, _ name: String) -> [String] {
          log.split(separator: "\n").filter { $0.contains("msg=operation ") && $0.contains(name) }
            .compactMap { $0.firstMatch(of: /request_id=(\S+)/).map { String($0.1) } }
        }
        try await until { operations(coordinator.errors, "tool=list").count == 1 }
        let (read, list) = (operations(coordinator.errors, "tool=read"), operations(coordinator.errors, "tool=list"))
        #expect(read.count == 1 && read != list, "\(coordinator.errors)")
        #expect(operations(agent.errors, "operation=read") == read + read, "\(agent.errors)")
        #expect(operations(agent.errors, "operation=list") == list, "\(agent.errors)")
      }
    }

    @Test func stdioAnswersAndEndsWithItsInput() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let scout = try ScoutProcess(["coordinator", "--transport", "stdio", "--ssh-config", fleet.configPath])
        let lines = [
          #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#,
          #"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
          #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"read","arguments":{"target":"host1:/etc/hostname"}}}"#,
        ]
        try scout.input.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
        try await until { scout.output.split(separator: "\n").count == 2 }
        let answers = try scout.output.split(separator: "\n").map { try JSON(parsing: Array($0.utf8)) }
        #expect(answers[0]["result"]?["serverInfo"]?["name"] == "scout")
        #expect(answers[1]["result"]?["structuredContent"]?["summary"]?["ok"] == 1)
        try scout.input.close()
        #expect(try await scout.end(within: .seconds(5)) == 0)
      }
    }

    @Test func aLinkBeyondLoopbackIsMutuallyAuthenticated() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let pki = try await Certificates(in: fleet.directory)
        let agent = try ScoutProcess([
          "agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath, "--tls-ca", pki.authority, "--tls-cert",
          pki.certificate, "--tls-key", pki.key,
        ])
        let link = "dc1=https://127.0.0.1:\(try await agent.port())"
        let own = ["read", "host1:/etc/hostname", "--no-embedded-agent", "--agent", link, "--timeout-ms", "5000"]
        let trusted = try await ScoutProcess.run(
          own + ["--agent-ca", pki.authority, "--agent-cert", pki.certificate, "--agent-key", pki.key])
        #expect(trusted.code == 0, "\(trusted)")
        let stranger = try await Certificates(in: fleet.directory.appending(path: "stranger"))
        let refused = try await ScoutProcess.run(
          own + ["--agent-ca", pki.authority, "--agent-cert", stranger.certificate, "--agent-key", stranger.key])
        #expect(refused.code == 1, "\(refused)")
        #expect(fleet.loginCount == 1)
      }
    }

    private func grepsOn(_ fifo: String) -> Int { processes(mentioning: fifo) - processes(mentioning: "--timeout-ms") }
  }
}

/// An authority and one certificate for 127.0.0.1, made by openssl(1).
struct Certificates {
  let authority: String
  let certificate: String
  let key: String

  init(in folder: URL) async throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    func path(_ name: String) -> String { folder.appending(path: name).path }
    (authority, certificate, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"))
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    try await run(
      "/usr/bin/openssl",
      ["req", "-x509", "-days", "2", "-subj", "/CN=test authority", "-keyout", path("ca.key"), "-out", authority]
        + curve)
    try await run(
      "/usr/bin/openssl",
      ["req", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", path("csr.pem")]
        + curve)
    try await run(
      "/usr/bin/openssl",
      [
        "x509", "-req", "-days", "2", "-in", path("csr.pem"), "-CA", authority, "-CAkey", path("ca.key"),
        "-CAcreateserial", "-copy_extensions", "copy", "-out", certificate,
      ])
  }
}
