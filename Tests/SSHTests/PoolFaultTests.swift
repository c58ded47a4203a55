import Foundation
import Pool
import SSH
import SSHConfig
import TestFleet
import Testing

/// The pool over hosts that fail.
@Suite(.serialized) struct PoolFaultTests {
  @Test func afterARestartOfTheHostTheNextCallsWork() async throws {
    try await PoolRig.with { rig in
      _ = try await rig.read(rig.hosts[0])
      await rig.fleet.killServers()
      await #expect(throws: SSHError.self) { try await rig.read(rig.hosts[0]) }
      try await rig.fleet.restart()
      #expect(
        try await recovers(within: .seconds(5)) { _ = try await rig.read(rig.hosts[0]) })
      #expect(rig.pool.snapshot().occupied == 1)
    }
  }

  /// Lanes that stay open for the next read make room for a command.
  @Test(arguments: [1, 2]) func aHostThatAllowsFewSessionsRunsCommandsAfterReads(_ sessions: Int) async throws {
    try await PoolRig.with(maxSessions: sessions) { rig in
      for _ in 0..<2 {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for _ in 0..<3 { group.addTask { _ = try await rig.read(rig.hosts[0]) } }
          try await group.waitForAll()
        }
        for _ in 0..<2 {
          let output = CommandOutput()
          let (exit, _) = try await rig.pool.run(rig.hosts[0], RemoteCommand(["echo", "ran"]), deadline: soon) {
            output.take($0)
          }
          #expect(exit.status == .code(0) && output.stdout == "ran\n")
        }
      }
    }
  }

  @Test func aDeadHostFailsQuicklyWithItsLastErrorWhileOthersGoOn() async throws {
    try await PoolRig.with(hosts: 2) { rig in
      let dead = try Self.unreachable(like: rig.hosts[0])
      let first = await Self.error { _ = try await rig.read(dead) }
      #expect(first?.code == .unreachable)
      let start = ContinuousClock.now
      let second = await Self.error { _ = try await rig.read(dead) }
      #expect(second?.code == .unreachable)
      // Of thirty seconds that it had.
      #expect(ContinuousClock.now - start < .seconds(15))
      let contact = rig.pool.contact(with: dead)
      #expect(contact.lastError?.code == .unreachable && !contact.isConnected)
      _ = try await rig.read(rig.hosts[1])
      #expect(rig.pool.contact(with: rig.hosts[1]).isConnected)
    }
  }

  @Test func aSilentHostEndsAtItsBoundWhileOthersAnswer() async throws {
    var settings = SSHPoolSettings()
    settings.connection.keyExchangeTimeout = .milliseconds(500)
    try await PoolRig.with(hosts: 1, settings: settings) { rig in
      try await TestFleet.with(hosts: 1) { silent in
        let mute = try SSHConfig.load(path: silent.configPath).resolve("host1")
        silent.pause()
        let start = ContinuousClock.now
        async let failure = Self.error { _ = try await rig.read(mute) }
        for _ in 0..<20 { _ = try await rig.read(rig.hosts[0]) }
        let error = await failure
        #expect(error?.code == .connectTimeout)
        #expect(ContinuousClock.now - start < .seconds(20))
        silent.resume()
      }
    }
  }

  /// The jump host dials it for as long as TCP tries; whoever else is behind that jump host gets another connection to it.
  @Test func aSilentHostBehindAJumpHostHoldsNobodyUp() async throws {
    try await PoolRig.with(hosts: 2) { rig in
      let full = try FullListener()
      defer { full.close() }
      var silent = rig.hosts[0]
      silent.alias = "silent"
      silent.hostName = "127.0.0.1"
      silent.port = full.port
      async let failure = Self.error { [silent] in
        _ = try await rig.read(silent, jumps: [rig.hosts[1]], within: .seconds(8))
      }
      #expect(try await rig.eventually { rig.pool.snapshot().tunnels == 1 })
      _ = try await rig.read(rig.hosts[0], jumps: [rig.hosts[1]], within: .seconds(20))
      #expect(await failure?.code == .connectTimeout)
      #expect(rig.pool.snapshot().counters.closed[.obstructed, default: 0] >= 1)
    }
  }

  /// A channel of which the host does not let go, as with a file system that hangs: its connection is replaced.
  @Test func aChannelThatDoesNotCloseCostsItsConnection() async throws {
    try await PoolRig.with(hosts: 1) { rig in
      let pipe = rig.fleet.files.path + "/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      let path = try RemotePath(pipe)
      let deadline = ContinuousClock.now + .seconds(20)
      let error = await Self.error {
        _ = try await rig.pool.withFiles(rig.hosts[0], deadline: deadline) { lane in
          try await lane.readFile(path, limit: 1, deadline: deadline)
        }
      }
      #expect(error?.code == .notAFile)
      #expect(
        try await recovers(within: .seconds(20)) {
          _ = try await rig.read(rig.hosts[0])
          guard rig.fleet.loginCount == 2 else { throw SSHError(.failure, "the first connection is still there") }
        })
      close(open(pipe, O_RDWR | O_NONBLOCK))
    }
  }

  @Test func aDeadlineBeforeTheHandshakeEndsIsAConnectTimeout() async throws {
    try await PoolRig.with { rig in
      rig.fleet.pause()
      let start = ContinuousClock.now
      let error = await Self.error { _ = try await rig.read(rig.hosts[0], within: .milliseconds(300)) }
      #expect(error?.code == .connectTimeout)
      #expect(ContinuousClock.now - start < .seconds(20))
      rig.fleet.resume()
    }
  }

  @Test func aCancelledWaiterIsAnsweredAtOnceAndForgotten() async throws {
    try await PoolRig.with { rig in
      rig.fleet.pause()
      let start = ContinuousClock.now
      let waiter = Task { _ = try await rig.read(rig.hosts[0]) }
      #expect(try await rig.eventually { rig.pool.snapshot().waiting == 1 })
      waiter.cancel()
      let error = await Self.error { try await waiter.value }
      #expect(error?.code == .cancelled)
      #expect(ContinuousClock.now - start < .seconds(20))
      #expect(rig.pool.snapshot().waiting == 0)
      rig.fleet.resume()
      _ = try await rig.read(rig.hosts[0])
      #expect(rig.fleet.loginCount == 1)
    }
  }

  @Test func aLaneWithAnUnfinishedOperationIsNotUsedAgain() async throws {
    try await PoolRig.with { rig in
      _ = try await rig.read(rig.hosts[0])
      let path = rig.fleet.files.appending(path: "pipe").path
      try #require(mkfifo(path, 0o600) == 0)
      let pipe = try RemotePath(path)
      // Opening a pipe that nobody writes to never ends on the host.
      let error = await Self.error {
        let deadline = ContinuousClock.now + .milliseconds(300)
        _ = try await rig.pool.withFiles(rig.hosts[0], deadline: deadline) { lane in
          _ = try await lane.stat(pipe, deadline: .now + .seconds(10))
          _ = try await lane.readFile(pipe, limit: 1, deadline: deadline)
        }
      }
      #expect(error != nil)
      for _ in 0..<10 { _ = try await rig.read(rig.hosts[0]) }
      #expect(rig.pool.snapshot().leases == 0)
    }
  }

  @Test func aCallWithoutAHostKeyIsRefusedAndNotTriedAgain() async throws {
    try await PoolRig.with { rig in
      var stranger = rig.hosts[0]
      stranger.userKnownHostsFiles = ["/dev/null"]
      let error = await Self.error { _ = try await rig.read(stranger) }
      #expect(error?.code == .hostKeyUnknown)
      // The same account with a known key is another matter, and has its own connection.
      _ = try await rig.read(rig.hosts[0])
      #expect(rig.fleet.loginCount == 1)
    }
  }

  @Test func shutdownWaitsForWhatIsOut() async throws {
    let finished = try await PoolRig.with { rig in
      let started = AsyncStream<Void>.makeStream()
      let call = Task {
        try await rig.pool.withFiles(rig.hosts[0], deadline: .now + .seconds(20)) { lane in
          started.continuation.yield()
          try await Task.sleep(for: .milliseconds(300))
          return try await lane.stat(RemotePath("."), deadline: .now + .seconds(5)).kind
        }
      }
      for await _ in started.stream { break }
      return call
    }
    #expect(try await finished.value.0 == .directory)
  }

  private static func error(_ body: () async throws -> Void) async -> SSHError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? SSHError
    }
  }

  private func recovers(within time: Duration, _ body: () async throws -> Void) async throws -> Bool {
    let deadline = ContinuousClock.now + time
    while ContinuousClock.now < deadline {
      if await Self.error(body) == nil { return true }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  /// The same host on a port where nobody listens.
  private static func unreachable(like host: ResolvedHost) throws -> ResolvedHost {
    var host = host
    host.alias = "dead"
    host.port = try freePort()
    return host
  }
}
