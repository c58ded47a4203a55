import Foundation
import TestFleet
import Testing

extension FleetTests {
  /// `scout agent drain` and SIGTERM: nothing new, and all that runs gets its end.
  @Suite struct DrainTests {
    /// Of two agents one drains while it is busy, and reads go on.
    @Test func noReadFailsWhileOneOfTwoAgentsDrains() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let folders = ["a", "b"].map { fleet.directory.appending(path: "agent-\($0)").path }
        let agents = try folders.map { folder in
          try ScoutProcess(
            ["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath, "--state-dir", folder],
            environment: ["SCOUT_COMMAND_TIMEOUT": "300"])
        }
        var links: [String] = []
        for agent in agents { links += ["--agent", "dc1=http://127.0.0.1:\(try await agent.port())"] }
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--no-embedded-agent"] + links)
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        // Keeps the first agent at work, whose drain lasts until it has ended.
        let holding = try ScoutProcess([
          "query", "host1", "--no-embedded-agent", "--agent", links[1], "--timeout-ms", "300000", "--", "cat", fifo,
        ])
        try await until { processes(mentioning: fifo) > processes(mentioning: "--timeout-ms") }
        let drain = try ScoutProcess(["agent", "drain", "--state-dir", folders[0]])
        try await until { agents[0].errors.contains("msg=draining") }
        for number in 0..<20 {
          let read = try await ScoutProcess.run(["read", "*:/etc/hostname", "--url", url])
          #expect(read.code == 0, "read \(number): \(read)")
        }
        // Or nobody reads what is written next, and it waits for ever.
        try #require(agents[0].isRunning && drain.isRunning)
        try "the end\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        #expect(try await holding.end() == 0)
        #expect(try await drain.end() == 0)
        let read = try await ScoutProcess.run(["read", "*:/etc/hostname", "--url", url])
        #expect(read.code == 0, "\(read)")
      }
    }

    /// How the only agent is told to go. nil: by `scout agent drain`, which alone needs its folder.
    @Test(arguments: [nil, SIGTERM]) func whatRunsIsFinishedAndNothingNewIsTaken(_ signal: Int32?) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let folder = fleet.directory.appending(path: "agent").path
        let agent = try ScoutProcess(
          ["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath]
            + (signal == nil ? ["--state-dir", folder] : []))
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await agent.port())",
        ])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let query = try ScoutProcess(["query", "host1", "--url", url, "--timeout-ms", "60000", "--", "cat", fifo])
        try await until { processes(mentioning: fifo) > processes(mentioning: "--timeout-ms") }
        let drain = try signal == nil ? ScoutProcess(["agent", "drain", "--state-dir", folder]) : nil
        if let signal { agent.signal(signal) }
        try await until { agent.errors.contains("msg=draining") }
        // It says so first, and refuses a moment later.
        try await until {
          let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url])
          return read.code == 1 && read.output.contains("takes nothing new")
        }
        // Longer than a coordinator would have let it run.
        let enough = ContinuousClock.now + .seconds(5)
        try await until { ContinuousClock.now > enough }
        #expect(agent.isRunning && query.isRunning && drain?.isRunning != false)
        try "the end\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        #expect(try await query.end() == 0 && query.output.contains("the end"), "\(query.output)")
        if let drain {
          #expect(try await drain.end() == 0 && drain.output.contains("has ended"), "\(drain.output)")
        }
        // At once: nothing runs any more.
        #expect(try await agent.end(within: .seconds(5)) == 0, "\(agent.errors)")
      }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aSecondSignalEndsItAtOnce(_ second: Int32) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let link = "dc1=http://127.0.0.1:\(try await agent.port())"
        let query = try ScoutProcess([
          "query", "host1", "--no-embedded-agent", "--agent", link, "--timeout-ms", "60000", "--", "cat", fifo,
        ])
        try await until { processes(mentioning: fifo) > processes(mentioning: "--timeout-ms") }
        agent.signal(SIGINT)
        try await until { agent.errors.contains("msg=draining") }
        // Draining twice is no second signal.
        agent.signal(SIGUSR1)
        #expect(agent.isRunning && query.isRunning)
        agent.signal(second)
        #expect(try await agent.end(within: .seconds(8)) == 0, "\(agent.errors)")
        #expect(agent.errors.contains("ending with what still runs"), "\(agent.errors)")
        #expect(try await query.end() == 1, "\(query.output)")
        try await until { processes(mentioning: fifo) == 0 }
      }
    }

    @Test func anIdleAgentEndsAtOnce() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let link = "dc1=http://127.0.0.1:\(try await agent.port())"
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--no-embedded-agent", "--agent", link])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        try await until { try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code == 0 }
        agent.signal(SIGTERM)
        #expect(try await agent.end(within: .seconds(3)) == 0, "\(agent.errors)")
        coordinator.signal(SIGTERM)
        #expect(try await coordinator.end(within: .seconds(5)) == 0)
      }
    }
  }
}
