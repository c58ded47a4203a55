import Pool
import Foundation
import MCP
import SSH
import Synchronization
import TestFleet
import Testing

@testable import scout

extension EndToEnd {
  /// Many calls on many hosts through a small pool.
  @Suite struct LoadTests {
    @Test func twoThousandCallsOnAHundredHostsWithTwentyConnections() async throws {
      var pool = SSHPoolSettings()
      pool.pool.connections = 20
      // A hundred hosts take turns, and each turn is a handshake: on two busy cores the last ones wait long.
      pool.pool.acquireWait = .seconds(100)
      let settings = pool
      try await TestFleet.with(hosts: 100) { fleet in
        try Data("content".utf8).write(to: fleet.files.appending(path: "f"))
        try await Rig.with(.embedded, configPath: fleet.configPath, pool: settings) { rig in
          let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
              group.addTask {
                let reply = try await rig.call(
                  "read",
                  ["target": .string("host\(number % 100 + 1):\(fleet.files.path)/f"), "timeout_ms": 120_000])
                if reply["content"] != "content" { Issue.record("\(reply.outcome.text)") }
                return reply["content"] == "content"
              }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
          }
          #expect(answered == 2000)
          let inside = try #require(rig.inside)
          // While the pool lives: what was leased has come back, and nobody waits.
          try await until { inside.pool.snapshot().leases == 0 && inside.pool.snapshot().waiting == 0 }
          let figures = inside.pool.snapshot()
          #expect(figures.counters.occupiedPeak <= 20)
          #expect(figures.counters.evictedInUse == 0 && figures.leakedLeases == 0)
          #expect(fleet.sessionCount <= 20)
        }
        try await until { fleet.sessionCount == 0 }
        // Other tests open descriptors in this process; with a process of its own, below, they are counted.
        try await until { try await establishedConnections(toPort: fleet.port).isEmpty }
      }
    }

    /// Calls at once, each of which has a connection. Tests beside this one hold some hundred descriptors and start processes, and
    /// Foundation's `Process.run`, which goes through all that are open, was seen to crash at the 1,355th and the 1,361st.
    private static let connections = 400

    /// The same as users have it: two processes with a pool's own waits, looked at while they work and when they are idle
    /// again.
    @Test func twoThousandCallsThroughTwoProcesses() async throws {
      // A connection for each call.
      OpenFiles.takeAll()
      try await TestFleet.with(hosts: 100) { fleet in
        try Data("content".utf8).write(to: fleet.files.appending(path: "f"))
        let agent = try ScoutProcess(
          ["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath, "--check-interval", "0"],
          environment: ["SCOUT_MAX_POOL_SIZE": "20", "SCOUT_IDLE_TIMEOUT": "2"])
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
          "dc1=http://127.0.0.1:\(try await agent.port())",
        ])
        let base = "http://127.0.0.1:\(try await coordinator.port())"
        let caller = RemoteToolCaller(url: base + "/mcp", apiKey: nil, timeout: .seconds(130))
        let read: @Sendable (Int) async throws -> Reply = { number in
          let target = JSON.string("host\(number % 100 + 1):\(fleet.files.path)/f")
          // On a busy machine a connection may take longer than the client waits for it; nothing was asked then.
          for _ in 0..<5 {
            do {
              return Reply(try await caller.call("read", ["target": target, "timeout_ms": 120_000]))
            } catch  where "\(error)".contains("Connect timeout") {}
          }
          return Reply(try await caller.call("read", ["target": target, "timeout_ms": 120_000]))
        }
        // What one read leaves open is no leak.
        #expect(try await read(0)["content"] == "content")
        try await until { fleet.sessionCount == 0 }
        let idle = (agent: descriptors(of: agent.pid), coordinator: descriptors(of: coordinator.pid))

        let seen = Observations()
        let answered = try await withThrowingTaskGroup(of: Bool?.self) { group in
          // The agent is the only client of these hosts.
          group.addTask {
            // A table is no picture of one moment: one that ends and the one that takes its place may both be in it. What two
            // tables in a row hold was there at one time, between them.
            var last: Set<String> = []
            while !Task.isCancelled {
              let now = try await establishedConnections(toPort: fleet.port)
              seen.saw(connections: now.intersection(last).count)
              last = now
            }
            return nil
          }
          let call: @Sendable (Int) async throws -> Bool = { number in
            let reply = try await read(number)
            if reply["content"] == "content" { return true }
            seen.saw(codes: reply.codes)
            return false
          }
          for number in 0..<Self.connections { group.addTask { try await call(number) } }
          var answered = 0
          for number in Self.connections..<2000 + Self.connections {
            if try await group.next() == true { answered += 1 }
            if number < 2000 { group.addTask { try await call(number) } }
          }
          group.cancelAll()
          return answered
        }
        #expect(answered == 2000, "\(seen.codes)")
        #expect((1...20).contains(seen.mostConnections), "\(seen.mostConnections) connections at once")

        // Both live on, and hold what they held before.
        try await until { fleet.sessionCount == 0 }
        try await until {
          descriptors(of: agent.pid) <= idle.agent && descriptors(of: coordinator.pid) <= idle.coordinator
        }
        var metrics: [Substring] = []
        func figure(_ name: String) -> Double? {
          metrics.first { $0.hasPrefix("scout_pool_\(name){") }.flatMap { Double($0.split(separator: " ").last ?? "") }
        }
        try await until {
          metrics = try await programRun("/usr/bin/curl", ["-sS", base + "/metrics"]).output.split(separator: "\n")
          return figure("idle") == 0
        }
        for name in [
          "starting", "leased", "draining", "lanes_leased", "waiting", "evicted_in_use_total", "stray_returns_total",
          "leaked_leases",
        ] {
          #expect(figure(name) == 0, "\(name)")
        }
        #expect(figure("bound") == 20)
      }
    }
  }
}

/// What was seen beside many calls. Sendable: state behind a lock.
private final class Observations: Sendable {
  private let state = Mutex((most: 0, codes: [String: Int]()))

  var mostConnections: Int { state.withLock { $0.most } }
  /// Of the calls that failed, and how often each came.
  var codes: [String: Int] { state.withLock { $0.codes } }

  func saw(connections: Int) { state.withLock { $0.most = max($0.most, connections) } }
  func saw(codes: [String]) { state.withLock { for code in codes { $0.codes[code, default: 0] += 1 } } }
}

/// Open file descriptors of a process.
func descriptors(of process: Int32) -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
}

/// TCP connections of this machine, established at the end of those who dialled that port (proc(5), net/tcp): a name for each.
func establishedConnections(toPort port: Int) async throws -> Set<String> {
  // The kernel gives the table in pieces, after the first of which Foundation takes it for read.
  let table = try await programRun("/bin/cat", ["/proc/net/tcp"]).output
  let peer = ":" + String(format: "%04X", port)
  let connections = table.split(separator: "\n").compactMap { line -> String? in
    let fields = line.split(separator: " ")
    guard fields.count > 9, fields[2].hasSuffix(peer), fields[3] == "01" else { return nil }
    return "\(fields[1]) \(fields[2]) \(fields[9])"
  }
  return Set(connections)
}
