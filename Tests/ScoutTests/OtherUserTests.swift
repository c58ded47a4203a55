import Foundation
import TestFleet
import Testing

extension EndToEnd {
  /// The tests often run as root, for whom the kernel refuses nothing. Scout itself mostly does not.
  @Suite(.enabled(if: geteuid() == 0, "anybody else runs every test as such a user")) struct OtherUserTests {
    @Test func aUserWithoutPrivilegesReadsOverSSH() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        // Everything that the user needs, in a folder of theirs: the build and the fleet's key may be closed to them.
        let home = fleet.directory.appending(path: "home").path
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        for (from, to) in [
          (ScoutProcess.binary.path, "scout"), (fleet.privateKeyPath, "client_key"),
          (fleet.knownHostsPath, "known_hosts"),
        ] {
          try FileManager.default.copyItem(atPath: from, toPath: home + "/" + to)
        }
        let config = try String(contentsOfFile: fleet.configPath, encoding: .utf8)
          .replacing(fleet.privateKeyPath, with: home + "/client_key")
          .replacing(fleet.knownHostsPath, with: home + "/known_hosts")
        try config.write(toFile: home + "/config", atomically: true, encoding: .utf8)
        try await run("/bin/chown", ["-R", "nobody", home])
        let output = try await run(
          "/usr/bin/setpriv",
          [
            "--reuid=nobody", "--regid=nogroup", "--clear-groups", "/usr/bin/env", "-i", "HOME=\(home)",
            home + "/scout",
            "read", "host1:/etc/passwd", "--head", "1", "--ssh-config", home + "/config",
          ])
        #expect(output.contains("root:"), "\(output)")
      }
    }
  }
}
