import Enrollment
import Foundation
import Logging
import NIOPosix
import SystemPackage
import TestFleet
import Testing

@testable import scout

extension FleetTests {
  /// Machines that join by token, as processes before real hosts: `scout pki`, `scout agent join`, `scout agent drain`.
  @Suite struct JoinTests {
    /// A coordinator with an authority of its own, in a folder that goes with `body`.
    ///
    /// - Parameter age: Seconds since the authority was made: what it issues cannot be older.
    func withCoordinator(
      age: Double = 0, _ body: (_ folder: String, _ fleet: TestFleet, _ coordinator: ScoutProcess) async throws -> Void
    ) async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let folder = fleet.directory.appending(path: "join").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        if age > 0 {
          _ = try Authority.create(at: FilePath(folder + "/pki"), trustDomain: .standard, now: Date() - age)
        } else {
          let made = try await ScoutProcess.run(["pki", "init", "--pki", folder + "/pki"])
          #expect(made.code == 0 && made.output.contains("sha256:"), "\(made)")
        }
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/pki", "--agent-listen",
          "127.0.0.1:0", "--enroll-listen", "127.0.0.1:0",
        ])
        _ = try await coordinator.port()
        try await body(folder, fleet, coordinator)
        coordinator.signal(SIGTERM)
        #expect(try await coordinator.end(within: .seconds(6)) == 0)
      }
    }

    func port(_ words: String, of process: ScoutProcess) throws -> Int {
      let line = try #require(process.errors.split(separator: "\n").first { $0.contains(words) })
      return try #require(line.firstMatch(of: /:(\d+)( |$)/).flatMap { Int($0.1) })
    }

    func token(_ folder: String, _ name: String = "agent-a") async throws -> String {
      let made = try await ScoutProcess.run(
        ["pki", "token", "--pki", folder + "/pki", "--segment", "dc1", "--name", name])
      #expect(made.code == 0 && made.output.hasPrefix("scout1_"), "\(made)")
      return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Of two coordinators the first is away: whoever joins, and later renews, asks the other.
    func join(
      _ coordinator: ScoutProcess, _ token: String, _ state: String, _ more: [String] = [],
      environment: [String: String] = [:]
    ) async throws -> (code: Int32, output: String, errors: String) {
      try await ScoutProcess.run(
        [
          "agent", "join", "--enroll", "127.0.0.1:1", "--enroll",
          "127.0.0.1:\(port("machines may join", of: coordinator))", "--state-dir", state,
        ] + more,
        environment: environment.merging(["SCOUT_JOIN_TOKEN": token]) { $1 })
    }

    @Test func aMachineJoinsOnceServesAndIsThrownOut() async throws {
      try await withCoordinator { folder, fleet, coordinator in
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let token = try await token(folder)
        let misspelt = try await ScoutProcess.run([
          "agent", "join", "--enroll", "nowhere", "--state-dir", folder + "/a",
        ])
        #expect(misspelt.code == 2 && misspelt.errors.contains("--enroll: `nowhere` is not HOST:PORT"), "\(misspelt)")
        let nowhere = try await join(coordinator, token, "/proc/nowhere/state")
        #expect(nowhere.code == 2 && nowhere.errors.contains("--state-dir /proc/nowhere/state"), "\(nowhere)")
        let joined = try await join(coordinator, token, folder + "/a")
        #expect(joined.code == 0 && joined.output.contains("spiffe://scout/agent/dc1/agent-a"), "\(joined)")

        let again = try await join(coordinator, token, folder + "/b")
        #expect(again.code == 2 && again.errors.contains("The token is not valid here"), "\(again)")
        #expect(coordinator.errors.contains("reason=tokenUsed"))
        let spoilt = try await join(coordinator, token.dropLast() + (token.hasSuffix("a") ? "b" : "a"), folder + "/b")
        #expect(spoilt.code == 2 && spoilt.errors.contains("checksum"), "\(spoilt)")

        // Whoever holds another authority's token tells this coordinator nothing.
        _ = try await ScoutProcess.run(["pki", "init", "--pki", folder + "/other"])
        let other = try await ScoutProcess.run(
          ["pki", "token", "--pki", folder + "/other", "--segment", "dc1", "--name", "agent-a"])
        let wrongPin = try await join(
          coordinator, other.output.trimmingCharacters(in: .whitespacesAndNewlines), folder + "/b")
        #expect(wrongPin.code == 2 && wrongPin.errors.contains("no coordinator gave a certificate"), "\(wrongPin)")

        let agent = try ScoutProcess([
          "agent", "--state-dir", folder + "/a", "--ssh-config", fleet.configPath, "--coordinator",
          "127.0.0.1:\(port("agents may dial in", of: coordinator))",
        ])
        try await until {
          try await ScoutProcess.run(["read", "dc1/host1:/etc/hostname", "--url", url]).code == 0
        }
        // Its folder is its own.
        let second = try await ScoutProcess.run([
          "agent", "--state-dir", folder + "/a", "--ssh-config", fleet.configPath, "--listen", "127.0.0.1:0",
        ])
        #expect(second.code == 1 && second.errors.contains("another agent uses it"), "\(second)")

        let typo = try await ScoutProcess.run(
          ["pki", "revoke", "--pki", folder + "/pki", "--segment", "dc1", "--name", "agent-aa"])
        #expect(typo.code == 1 && typo.errors.contains("is that the name? There is dc1/agent-a"), "\(typo)")
        let revoked = try await ScoutProcess.run(
          ["pki", "revoke", "--pki", folder + "/pki", "--segment", "dc1", "--name", "agent-a"])
        #expect(revoked.code == 0, "\(revoked)")
        // What is made from then on counts.
        let anew = try await join(coordinator, self.token(folder), folder + "/anew")
        #expect(anew.code == 0, "\(anew)")
        try await until { coordinator.errors.contains("agent-a is revoked") }
        let read = try await ScoutProcess.run(
          ["read", "host1:/etc/hostname", "--url", url, "--timeout-ms", "1000"])
        #expect(read.code == 1, "\(read)")

        // The agent's settings file says where, too.
        try "state_dir: \(folder)/a\n".write(toFile: folder + "/agent.yaml", atomically: true, encoding: .utf8)
        let drained = try await ScoutProcess.run(["agent", "drain", "--config", folder + "/agent.yaml"])
        #expect(drained.code == 0 && drained.output.contains("has ended"), "\(drained)")
        #expect(try await agent.end(within: .seconds(1)) == 0)
        let nobody = try await ScoutProcess.run(["agent", "drain", "--state-dir", folder + "/a"])
        #expect(nobody.code == 2 && nobody.errors.contains("no agent runs"), "\(nobody)")
      }
    }

    @Test func aTokenForAnotherNameOrAnExpiredOneIsRefusedAndLogged() async throws {
      try await withCoordinator { folder, _, coordinator in
        let token = try await token(folder)
        for (number, said) in [["--name", "agent-b"], ["--segment", "dc2"], ["--segment", "dc1", "--name", "agent"]]
          .enumerated()
        {
          let refused = try await join(coordinator, token, folder + "/b", said)
          #expect(refused.code == 2 && refused.errors.contains("for another name"), "\(refused)")
          #expect(refused.errors.contains("for " + said.prefix(2).joined(separator: " ")), "\(refused)")
          #expect(coordinator.errors.ranges(of: "reason=tokenForAnother").count == number + 1, "\(coordinator.errors)")
        }
        let variable = try await join(coordinator, token, folder + "/b", environment: ["SCOUT_NAME": "agent-b"])
        #expect(variable.code == 2 && variable.errors.contains("--name agent-b"), "\(variable)")
        #expect(coordinator.errors.contains("'agent/*/agent-b'"), "\(coordinator.errors)")
        // All that cost the token nothing.
        let joined = try await join(coordinator, token, folder + "/a", ["--segment", "dc1", "--name", "agent-a"])
        #expect(joined.code == 0, "\(joined)")

        let late = try await self.token(folder, "agent-c")
        let tokens = URL(filePath: folder + "/pki/tokens")
        for file in try FileManager.default.contentsOfDirectory(at: tokens, includingPropertiesForKeys: nil)
        where file.pathExtension == "token" {
          let record = try String(contentsOf: file, encoding: .utf8)
          let ended = record.replacing(/"expires":\d+/, with: "\"expires\":\(Int(Date().timeIntervalSince1970) - 1)")
          try ended.write(to: file, atomically: false, encoding: .utf8)
        }
        let refused = try await join(coordinator, late, folder + "/c")
        #expect(refused.code == 2 && refused.errors.contains("The token is not valid here"), "\(refused)")
        #expect(coordinator.errors.contains("reason=tokenExpired"), "\(coordinator.errors)")
      }
    }

    /// The second coordinator has no authority, only a certificate of it: joined agents serve it as well.
    @Test func aCoordinatorElsewhereTakesPartByACertificate() async throws {
      try await withCoordinator { folder, fleet, coordinator in
        let joined = try await join(coordinator, token(folder), folder + "/a")
        #expect(joined.code == 0, "\(joined)")
        let made = try await ScoutProcess.run(
          ["pki", "issue", "--pki", folder + "/pki", "--name", "c2", "--days", "30", folder + "/c2"])
        #expect(made.code == 0 && made.output.contains("spiffe://scout/coordinator/c2"), "\(made)")
        for taken in [folder + "/pki", folder + "/a/certificates"] {
          let refused = try await ScoutProcess.run(["pki", "issue", "--pki", folder + "/pki", "--name", "c3", taken])
          #expect(refused.code == 2 && refused.errors.contains("of its own"), "\(refused)")
        }
        let enrolling = try await ScoutProcess.run([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/c2", "--agent-listen",
          "127.0.0.1:0", "--enroll-listen", "127.0.0.1:0",
        ])
        #expect(enrolling.code == 2 && enrolling.errors.contains("no authority"), "\(enrolling)")
        let second = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/c2", "--agent-listen",
          "127.0.0.1:0",
        ])
        let urls = [
          "http://127.0.0.1:\(try await coordinator.port())/mcp", "http://127.0.0.1:\(try await second.port())/mcp",
        ]
        let agent = try ScoutProcess([
          "agent", "--state-dir", folder + "/a", "--ssh-config", fleet.configPath, "--coordinator",
          "127.0.0.1:\(port("agents may dial in", of: coordinator))", "--coordinator",
          "127.0.0.1:\(port("agents may dial in", of: second))", "--listen", "127.0.0.1:0",
        ])
        for url in urls {
          try await until {
            try await ScoutProcess.run(["read", "dc1/host1:/etc/hostname", "--url", url]).code == 0
          }
        }
        // It may dial agents, too.
        let dialled = "dc1=https://127.0.0.1:\(try await agent.port())"
        let read = try await ScoutProcess.run([
          "doctor", "--no-embedded-agent", "--pki", folder + "/c2", "--agent", dialled, "host1",
        ])
        #expect(read.code == 0 && read.output.contains("in force for 2"), "\(read)")
        #expect(read.output.contains("is not renewed by itself") && read.output.contains("host1: reached"), "\(read)")
      }
    }

    @Test func aTokenThatCannotBePrintedIsWithdrawn() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-token-\(UUID().uuidString)").path
      defer { try? FileManager.default.removeItem(atPath: folder) }
      #expect(try await ScoutProcess.run(["pki", "init", "--pki", folder + "/pki"]).code == 0)
      let other = ["pki", "token", "--pki", folder + "/pki", "--segment", "dc1", "--name", "agent-a"]
      #expect(try await ScoutProcess.run(other).code == 0)
      let script = "\"$1\" pki token --pki \"$2\" --segment dc1 --name agent-a >/dev/full"
      let failed = try await programRun(
        "/bin/sh", ["-c", script, "sh", ScoutProcess.binary.path, folder + "/pki"])
      #expect(failed.status == 1 && failed.output.contains("cannot be written"), "\(failed)")
      // The one before is still good. Where the authority is may stand in the coordinator's settings file.
      try "pki: \(folder)/pki\n".write(toFile: folder + "/scout.yaml", atomically: true, encoding: .utf8)
      let shown = try await ScoutProcess.run(["pki", "show", "--config", folder + "/scout.yaml"])
      #expect(shown.code == 0 && shown.output.ranges(of: "token ").count == 1, "\(shown)")
    }

    @Test func aRenewedCertificateIsTakenUpWithoutAFailedRead() async throws {
      try await withCoordinator { folder, fleet, coordinator in
        let joined = try await join(coordinator, token(folder), folder + "/a")
        #expect(joined.code == 0, "\(joined)")
        let agent = try ScoutProcess([
          "agent", "--state-dir", folder + "/a", "--ssh-config", fleet.configPath, "--listen", "127.0.0.1:0",
        ])
        let dialling = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/pki", "--agent",
          "dc1=https://127.0.0.1:\(try await agent.port())",
        ])
        let url = "http://127.0.0.1:\(try await dialling.port())/mcp"
        let security = try #require(try AgentSecurity(stateFolder: folder + "/a"))
        let keeper = try security.keeper(
          group: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
        for _ in 0..<3 {
          let before = agent.errors.components(separatedBy: "certificates read anew").count
          let new = try await keeper.renew(security.stored)
          #expect(new.leaf.identity == security.stored.identity && new.leaf.serial != security.stored.leaf.serial)
          try security.store.install(new)
          try await until {
            let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url])
            #expect(read.code == 0, "\(read)")
            return agent.errors.components(separatedBy: "certificates read anew").count > before
          }
        }
        dialling.signal(SIGTERM)
        #expect(try await dialling.end(within: .seconds(6)) == 0)
        agent.signal(SIGTERM)
        #expect(try await agent.end(within: .seconds(6)) == 0)
      }
    }
  }
}
