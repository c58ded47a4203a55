import Foundation
import TestFleet
import Testing

/// The hosts that all other integration tests stand on, shown with OpenSSH's own client.
@Suite struct TestFleetTests {
  private func ssh(_ fleet: TestFleet, _ alias: String, _ command: String) async throws -> String {
    try await run("/usr/bin/ssh", ["-F", fleet.configPath, "-o", "BatchMode=yes", alias, command])
  }

  @Test func everyHostAnswers() async throws {
    try await TestFleet.with(hosts: 18) { fleet in
      let first = try await ssh(fleet, "host1", "echo one")
      let last = try await ssh(fleet, "host18", "echo last")
      #expect(first == "one\n" && last == "last\n")
      #expect(fleet.loginCount == 2)
    }
  }

  @Test func killedServersRefuseAndComeBack() async throws {
    try await TestFleet.with(hosts: 1) { fleet in
      await fleet.killServers()
      await #expect(throws: FleetError.self) { try await ssh(fleet, "host1", "true") }
      try await fleet.restart()
      let answer = try await ssh(fleet, "host1", "echo back")
      #expect(answer == "back\n")
    }
  }

  @Test func stopRemovesFolderAndServers() async throws {
    let fleet = try await TestFleet.start(hosts: 1)
    try await fleet.stop()
    #expect(!FileManager.default.fileExists(atPath: fleet.directory.path))
    #expect(fleet.sessionCount == 0)
  }
}
