import Foundation
import Logging
import NIOCore
import NIOPosix
import Pool
import SSH
import SSHConfig
import ServiceLifecycle
import TestFleet
import Testing

/// A running pool and the hosts it is for.
struct PoolRig: Sendable {
  let pool: SSHPool
  let fleet: TestFleet
  let hosts: [ResolvedHost]

  /// A fleet and a pool for the length of `body`; afterwards the pool is shut down gracefully, and nothing of it may be
  /// left: no lease, no session on the hosts, no socket here.
  static func with<Output: Sendable>(
    hosts count: Int = 1, maxSessions: Int = 10, settings: SSHPoolSettings = SSHPoolSettings(),
    _ body: @Sendable @escaping (PoolRig) async throws -> Output
  ) async throws -> Output {
    var options = TestFleet.Options()
    options.hosts = count
    options.maxSessions = maxSessions
    return try await TestFleet.with(options) { fleet in
      try "hello".write(to: fleet.files.appending(path: "hello"), atomically: true, encoding: .utf8)
      let config = try SSHConfig.load(path: fleet.configPath)
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let pool = SSHPool(settings: settings, group: MultiThreadedEventLoopGroup.singleton, logger: logger, seed: 1)
      let rig = PoolRig(pool: pool, fleet: fleet, hosts: try fleet.aliases.map { try config.resolve($0) })
      let services = ServiceGroup(configuration: .init(services: [.init(service: pool)], logger: logger))
      let output = try await withThrowingTaskGroup(of: Void.self, returning: Output.self) { group in
        group.addTask { try await services.run() }
        let output = await Result { try await body(rig) }
        await services.triggerGracefulShutdown()
        try await group.waitForAll()
        return try output.get()
      }
      let figures = pool.snapshot()
      #expect(figures.occupied == 0 && figures.leases == 0 && figures.tunnels == 0 && figures.waiting == 0)
      #expect(figures.leakedLeases == 0)
      #expect(figures.counters.evictedInUse == 0)
      #expect(figures.counters.strayReturns == 0)
      #expect(try await rig.eventually { try rig.sockets() == 0 }, "sockets are left")
      #expect(try await rig.eventually { fleet.sessionCount == 0 }, "sessions are left on the hosts")
      return output
    }
  }

  /// Sockets of this machine that are connected to the fleet's port, by /proc/net/tcp (proc(5)).
  func sockets() throws -> Int {
    let port = String(format: ":%04X", fleet.port)
    return try String(contentsOfFile: "/proc/net/tcp", encoding: .utf8).split(separator: "\n").dropFirst().count {
      line in
      let fields = line.split(separator: " ")
      return fields.count > 3 && fields[2].hasSuffix(port) && fields[3] == "01"
    }
  }

  func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      if try condition() { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  /// Reads the file `hello` of the fleet.
  func read(
    _ host: ResolvedHost, jumps: [ResolvedHost] = [], within time: Duration = .seconds(30)
  ) async throws -> LeaseTimings {
    let path = try RemotePath(fleet.files.appending(path: "hello").path)
    let deadline = ContinuousClock.now + time
    let (text, timings) = try await pool.withFiles(host, jumps: jumps, deadline: deadline) { lane in
      String(buffer: try await lane.readFile(path, limit: 100, deadline: deadline).bytes)
    }
    #expect(text == "hello")
    return timings
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
