import Logging
import NIOPosix
import Pool
import SSH
import SSHConfig
import Synchronization
import TestFleet
import Testing

/// What the pool tells of hosts beside the answers to requests.
@Suite struct HostEventTests {
  /// Sendable: state behind a lock.
  private final class Events: Sendable {
    private let all = Mutex<[String]>([])

    var words: [String] { all.withLock { $0 } }

    func add(_ host: ResolvedHost, _ event: HostEvent) {
      let word =
        switch event {
        case .connected: "connected"
        case .disconnected: "disconnected"
        case .connectFailed(let error): "failed \(error.code)"
        case .alive: "alive"
        }
      all.withLock { $0.append("\(host.alias) \(word)") }
    }
  }

  @Test func connectionsFailuresAndSignsOfLifeAreTold() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      // A host that is silent for a second is asked for a sign of life.
      var lively = try SSHConfig.load(path: fleet.configPath).resolve("host1")
      lively.serverAliveInterval = .seconds(1)
      var dead = lively
      dead.alias = "dead"
      dead.port = 1
      let events = Events()
      let pool = SSHPool(
        group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        observer: { events.add($0, $1) })
      try await withThrowingTaskGroup(of: Void.self) { [lively, dead] group in
        defer { group.cancelAll() }
        group.addTask { try await pool.run() }
        try await pool.touch(lively, deadline: .now + .seconds(20))
        await #expect(throws: SSHError.self) { try await pool.touch(dead, deadline: .now + .seconds(20)) }
        let limit = ContinuousClock.now + .seconds(30)
        while !events.words.contains("host1 alive"), ContinuousClock.now < limit {
          try await Task.sleep(for: .milliseconds(20))
        }
      }
      #expect(events.words.first == "host1 connected")
      #expect(events.words.contains("dead failed unreachable") && events.words.contains("host1 alive"))
    }
  }
}
