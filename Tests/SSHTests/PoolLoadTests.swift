import Pool
import SSH
import SSHConfig
import TestFleet
import Testing

/// The pool over real hosts: many callers, few connections.
@Suite(.serialized) struct PoolLoadTests {
  @Test func aHerdOnAColdHostMakesOneHandshake() async throws {
    try await PoolRig.with { rig in
      let hits = try await withThrowingTaskGroup(of: LeaseTimings.self) { group in
        for _ in 0..<100 { group.addTask { try await rig.read(rig.hosts[0]) } }
        return try await group.reduce(into: [LeaseTimings]()) { $0.append($1) }
      }
      #expect(hits.count == 100)
      #expect(rig.fleet.loginCount == 1)
      #expect(rig.pool.snapshot().openLanes <= 8)
      let warm = try await rig.read(rig.hosts[0])
      #expect(warm.hit && warm.queue == .zero && warm.connect == .zero)
      let figures = rig.pool.snapshot()
      #expect(figures.counters.handshakes[.total]?.count == 1)
      #expect(figures.counters.connectionsMade == 1)
    }
  }

  @Test func twoThousandCallsOnAHundredHostsShareTwentyConnections() async throws {
    var settings = SSHPoolSettings()
    settings.pool.connections = 20
    try await PoolRig.with(hosts: 100, settings: settings) { rig in
      let sessions = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<2_000 {
          group.addTask {
            _ = try await rig.read(rig.hosts[number % 100], within: .seconds(60))
            return number % 50 == 0 ? try rig.sockets() : 0
          }
        }
        return try await group.reduce(0) { max($0, $1) }
      }
      #expect(sessions <= 20)
      let figures = rig.pool.snapshot()
      #expect(figures.counters.granted == 2_000)
      #expect(figures.counters.refused.isEmpty)
      #expect(figures.counters.occupiedPeak <= 20)
      #expect(figures.counters.evictedInUse == 0)
      #expect(figures.counters.closed[.evicted, default: 0] >= 80)
    }
  }

  @Test func bulkAndRequestsHaveConnectionsOfTheirOwn() async throws {
    try await PoolRig.with { rig in
      let deadline = ContinuousClock.now + .seconds(20)
      _ = try await rig.pool.withFiles(rig.hosts[0], lane: .bulk, deadline: deadline) { _ in
        _ = try await rig.read(rig.hosts[0])
      }
      #expect(rig.fleet.loginCount == 2)
    }
  }

  @Test func aCommandRunsAndLeavesNothingBehind() async throws {
    try await PoolRig.with { rig in
      for _ in 0..<12 {
        let (exit, _) = try await rig.pool.run(
          rig.hosts[0], RemoteCommand(["true"]), deadline: .now + .seconds(20)
        ) { _ in }
        #expect(exit.status == .code(0))
      }
      #expect(rig.fleet.loginCount == 1)
      #expect(rig.pool.snapshot().leases == 0)
    }
  }

  /// sshd bounds sessions, not tunnels.
  @Test func moreHostsThanSessionsFitBehindOneJumpHost() async throws {
    try await PoolRig.with(hosts: 15) { rig in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for host in rig.hosts.dropLast() {
          group.addTask { _ = try await rig.read(host, jumps: [rig.hosts[14]]) }
        }
        try await group.waitForAll()
      }
      #expect(rig.fleet.loginCount == 15)
      #expect(rig.pool.snapshot().tunnels == 14)
    }
  }

  @Test func aHostBehindAnotherIsReachedThroughAPooledConnection() async throws {
    try await PoolRig.with(hosts: 3) { rig in
      _ = try await rig.read(rig.hosts[0], jumps: [rig.hosts[2]])
      _ = try await rig.read(rig.hosts[1], jumps: [rig.hosts[2]])
      #expect(rig.fleet.loginCount == 3)
      #expect(rig.pool.snapshot().tunnels == 2)
      let warm = try await rig.read(rig.hosts[2])
      #expect(warm.connect == .zero)
      #expect(rig.fleet.loginCount == 3)
    }
  }
}
