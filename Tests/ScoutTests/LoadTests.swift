import Pool
import Foundation
import MCP
import SSH
import TestFleet
import Testing

extension EndToEnd {
  /// Many calls on many hosts through a small pool.
  @Suite struct LoadTests {
    @Test(arguments: Rig.Wiring.allCases)
    func twoThousandCallsOnAHundredHostsWithTwentyConnections(_ wiring: Rig.Wiring) async throws {
      var pool = SSHPoolSettings()
      pool.pool.connections = 20
      // A hundred hosts take turns, and each turn is a handshake: on two busy cores the last ones wait long.
      pool.pool.acquireWait = .seconds(100)
      let settings = pool
      try await TestFleet.with(hosts: 100) { fleet in
        try Data("content".utf8).write(to: fleet.files.appending(path: "f"))
        let idle = descriptors()
        try await Rig.with(wiring, configPath: fleet.configPath, pool: settings) { rig in
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
          // While the pool lives: what was leased has come back, and nobody waits.
          try await until { rig.pool.snapshot().leases == 0 && rig.pool.snapshot().waiting == 0 }
          let figures = rig.pool.snapshot()
          #expect(figures.counters.occupiedPeak <= 20)
          #expect(figures.counters.evictedInUse == 0 && figures.leakedLeases == 0)
          #expect(fleet.sessionCount <= 20)
        }
        try await until { fleet.sessionCount == 0 }
        try await until { descriptors() <= idle + 8 }
      }
    }
  }
}

/// Open file descriptors of this process.
func descriptors() -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
}
