import Enrollment
import Foundation
import Logging
import MCP
import NIOPosix
import Synchronization
import SystemPackage
import TestFleet
import Testing

@testable import scout

/// Sendable: an atomic.
private final class Flag: Sendable {
  private let value = Atomic(false)

  var isSet: Bool { value.load(ordering: .relaxed) }
  func set() { value.store(true, ordering: .relaxed) }
}

/// What becomes of links when certificates are renewed, revoked, or about to run out.
extension FleetTests.JoinTests {
  private func url(of coordinator: ScoutProcess) async throws -> String {
    "http://127.0.0.1:\(try await coordinator.port())/mcp"
  }

  private func read(
    _ url: String, timeout: Int = 10_000
  ) async throws -> (code: Int32, output: String, errors: String) {
    try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url, "--timeout-ms", "\(timeout)"])
  }

  private func agent(_ fleet: TestFleet, _ state: String, _ ports: [Int]) throws -> ScoutProcess {
    try ScoutProcess(
      ["agent", "--state-dir", state, "--ssh-config", fleet.configPath]
        + ports.flatMap { ["--coordinator", "127.0.0.1:\($0)"] })
  }

  /// A coordinator with a certificate of the other's authority, which it asks who is revoked.
  private func second(_ name: String, _ folder: String, _ coordinator: ScoutProcess) async throws -> ScoutProcess {
    let made = try await ScoutProcess.run([
      "pki", "issue", "--pki", folder + "/pki", "--name", name, "--enroll",
      "127.0.0.1:\(port("machines may join", of: coordinator))", folder + "/" + name,
    ])
    #expect(made.code == 0, "\(made)")
    return try startSecond(name, folder)
  }

  private func startSecond(_ name: String, _ folder: String, agentPort: Int = 0) throws -> ScoutProcess {
    try ScoutProcess([
      "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/" + name, "--agent-listen",
      "127.0.0.1:\(agentPort)",
    ])
  }

  @Test func agentsRefuseACoordinatorThatIsThrownOut() async throws {
    try await withCoordinator { folder, fleet, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      let second = try await second("c2", folder, coordinator)
      let examined = try await ScoutProcess.run(["doctor", "--no-embedded-agent", "--pki", folder + "/c2"])
      #expect(examined.output.contains("who is revoked"), "\(examined)")
      let urls = [try await url(of: coordinator), try await url(of: second)]
      let ports = [
        try port("agents may dial in", of: coordinator), try port("agents may dial in", of: second),
      ]
      let first = try agent(fleet, folder + "/a", ports)
      for url in urls { try await until { try await read(url).code == 0 } }

      for usage in [["--coordinator", "c2", "--name", "a"], ["--name", "a"], []] {
        let wrong = try await ScoutProcess.run(["pki", "revoke", "--pki", folder + "/pki"] + usage)
        #expect(wrong.code == 2 && wrong.errors.contains("--coordinator"), "\(wrong)")
      }
      let revoked = try await ScoutProcess.run(["pki", "revoke", "--pki", folder + "/pki", "--coordinator", "c2"])
      #expect(revoked.code == 0 && revoked.output.contains("the coordinator c2"), "\(revoked)")

      // As each agent asks now and then.
      let security = try #require(try AgentSecurity(stateFolder: folder + "/a"))
      let group = MultiThreadedEventLoopGroup.singleton
      let addresses = try SettingsReader.enrollmentAddresses(security.addresses, in: "test")
      let follower = RevocationFollower(
        security.revocations, links: security.links, addresses: addresses, store: security.store, group: group,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
      #expect(try await follower.ask())
      #expect(try await !follower.ask())
      let thrownOut = try #require(try CertificateStore(FilePath(folder + "/c2")).load())
      #expect(security.revocations.isRevoked(thrownOut.leaf))

      // One that starts asks at once, and knows it from then on without asking.
      first.signal(SIGTERM)
      #expect(try await first.end(within: .seconds(6)) == 0)
      let anew = try agent(fleet, folder + "/a", ports)
      try await until { try await read(urls[0]).code == 0 }
      try await until { anew.errors.contains("coordinator/c2 is revoked") }
      let refused = try await read(urls[1], timeout: 1000)
      #expect(refused.code == 1, "\(refused)")

      // Issued anew it is let in again.
      let made = try await ScoutProcess.run(
        ["pki", "issue", "--pki", folder + "/pki", "--name", "c2", folder + "/c2"])
      #expect(made.code == 0, "\(made)")
      try await until { try await read(urls[1]).code == 0 }
    }
  }

  @Test func aCoordinatorElsewhereLearnsWhoIsThrownOut() async throws {
    try await withCoordinator { folder, fleet, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      let first = try await second("c2", folder, coordinator)
      let agentPort = try await { () in
        _ = try await first.port()
        return try port("agents may dial in", of: first)
      }()
      let agent = try agent(fleet, folder + "/a", [agentPort])
      let firstURL = try await url(of: first)
      try await until { try await read(firstURL).code == 0 }
      let revoked = try await ScoutProcess.run(
        ["pki", "revoke", "--pki", folder + "/pki", "--segment", "dc1", "--name", "agent-a"])
      #expect(revoked.code == 0, "\(revoked)")
      first.signal(SIGTERM)
      #expect(try await first.end(within: .seconds(6)) == 0)
      let anew = try startSecond("c2", folder, agentPort: agentPort)
      try await until { anew.errors.contains("agent-a is revoked") }
      let refused = try await read(try await url(of: anew), timeout: 1000)
      #expect(refused.code == 1 && agent.isRunning, "\(refused)")
    }
  }

  @Test func theMetricsSayWhenCertificatesEnd() async throws {
    try await withCoordinator { folder, _, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      let base = "http://127.0.0.1:\(try await coordinator.port())"
      func seconds(_ labels: String) async throws -> Double? {
        try await programRun("/usr/bin/curl", ["-sS", base + "/metrics"]).output.split(separator: "\n")
          .first { $0.hasPrefix("scout_certificate_expiry_seconds{\(labels)}") }
          .flatMap { Double($0.split(separator: " ").last ?? "") }
      }
      let agent = try #require(try await seconds(#"role="agent",agent="dc1/agent-a",segment="dc1""#))
      #expect((86_000...86_400).contains(agent), "\(agent)")
      try await until { try await seconds(#"role="authority",agent="",segment="""#) != nil }
      let own = try #require(try await seconds(#"role="coordinator",agent="",segment="""#))
      #expect((86_000...86_400).contains(own), "\(own)")
      let authority = try #require(try await seconds(#"role="authority",agent="",segment="""#))
      #expect((3649.0...3650).contains(authority / 86_400), "\(authority)")
    }
  }

  /// The only agent's certificate runs out under its tunnel, and the next one is there: the tunnel is made anew, and no read fails.
  @Test func aTunnelIsMadeAnewWithTheRenewedCertificateWithoutAFailedRead() async throws {
    try await withCoordinator(age: 3600) { folder, fleet, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      // Nobody renews it: the next one is put there when the tunnel stands.
      try "127.0.0.1:1\n".write(toFile: folder + "/a/enrollment", atomically: true, encoding: .utf8)
      let authority = try Authority.open(at: FilePath(folder + "/pki"))
      let store = CertificateStore(FilePath(folder + "/a/certificates"))
      let identity = try #require(try store.load()).identity
      try store.install(authority.issueWithKey(identity, life: 600, now: Date() - 588))
      let agent = try agent(fleet, folder + "/a", [try port("agents may dial in", of: coordinator)])
      let url = try await url(of: coordinator)
      try await until { try await read(url).code == 0 }
      try store.install(authority.issueWithKey(identity, now: .now))

      let isOver = Flag()
      let failures = try await withThrowingTaskGroup(of: [String].self) { readers in
        for _ in 0..<2 {
          readers.addTask {
            var failures: [String] = []
            let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: nil)
            while !isOver.isSet {
              let result = try await caller.call("read", ["targets": .array(["host1:/etc/hostname"])])
              if result.exitCode != 0 { failures.append(result.text) }
            }
            return failures
          }
        }
        defer { isOver.set() }
        try await until { coordinator.errors.ranges(of: "An agent has dialled in").count == 2 }
        try await until { try await read(url).code == 0 }
        isOver.set()
        return try await readers.reduce(into: []) { $0 += $1 }
      }
      #expect(failures.isEmpty, "\(failures.prefix(3))")
      #expect(coordinator.errors.contains("http2.peer.expired") && agent.isRunning, "\(coordinator.errors)")
    }
  }
}
