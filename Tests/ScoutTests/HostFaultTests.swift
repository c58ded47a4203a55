import Coordinator
import Foundation
import MCP
import SSH
import Synchronization
import TestFleet
import Testing

extension EndToEnd {
  /// Hosts that are dead, silent, strange or restarted, seen through the tools.
  @Suite struct HostFaultTests {
    @Test(arguments: Rig.Wiring.allCases)
    func aSilentHostTimesOutWhileNinetyNineAnswer(_ wiring: Rig.Wiring) async throws {
      try await TestFleet.with(hosts: 99) { fleet in
        try Data("same".utf8).write(to: fleet.files.appending(path: "f"))
        let silent = try SilentListener()
        defer { silent.close() }
        try fleet.addHost("silent", address: "127.0.0.1", port: silent.port)
        var pool = SSHPoolSettings()
        pool.connection.keyExchangeTimeout = .seconds(2)
        try await Rig.with(wiring, configPath: fleet.configPath, pool: pool) { rig in
          let reply = try await rig.call("read", ["target": .string("*:\(fleet.files.path)/f"), "timeout_ms": 30_000])
          #expect(reply.answeredHosts == 99, "\(reply.outcome.text)")
          #expect(reply.failedHosts == ["silent"] && reply.codes == ["connect_timeout"])
          #expect(reply.failures.first?["phase"]?.string != nil)
        }
      }
    }

    /// Settings that cannot be resolved are the host's fault: it is listed with the others, and says what is wrong when it is used.
    @Test func aHostWhoseSettingsAreWrongIsListedAndSaysSo() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let config = fleet.directory.appending(path: "wrong_config").path
        try """
        Include \(fleet.configPath)
        Host wrong
          HostName %q.test
        Host circle
          ProxyJump circle
        Host proxied
          ProxyCommand nc %h %p

        """.write(toFile: config, atomically: true, encoding: .utf8)
        try await Rig.with(.link, configPath: config) { rig in
          let reply = try await rig.call("read", ["target": "*:/etc/hostname"])
          #expect(reply.answeredHosts == 1, "\(reply.outcome.text)")
          #expect(reply.failedHosts.sorted() == ["circle", "proxied", "wrong"], "\(reply.outcome.text)")
          #expect(Set(reply.codes) == ["unreachable"], "\(reply.outcome.text)")
          #expect(reply.outcome.text.contains("%q") && reply.outcome.text.contains("use ProxyJump"))
          let hosts = try await rig.call("hosts", [:])
          #expect(hosts.outcome.text.contains("wrong") && hosts.outcome.text.contains("circle"))
        }
      }
    }

    @Test func theDeadlineBoundsTheCallAndNamesWhoDidNotAnswer() async throws {
      try await TestFleet.with(hosts: 5) { fleet in
        try Data("same".utf8).write(to: fleet.files.appending(path: "f"))
        let silent = try SilentListener()
        defer { silent.close() }
        try fleet.addHost("silent", address: "127.0.0.1", port: silent.port)
        try await Rig.with(.link, configPath: fleet.configPath) { rig in
          let start = ContinuousClock.now
          let reply = try await rig.call("read", ["target": .string("*:\(fleet.files.path)/f"), "timeout_ms": 1500])
          #expect(reply.answeredHosts == 5 && reply.failedHosts == ["silent"])
          // Far below the connect timeout: the caller's deadline ended the call.
          #expect(start.duration(to: .now) < .seconds(4))
        }
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func aWrongHostKeyIsRefused(_ wiring: Rig.Wiring) async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let other = fleet.directory.appending(path: "other_key").path
        try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", other])
        let key = try String(contentsOfFile: other + ".pub", encoding: .utf8).split(separator: " ").prefix(2)
        var lines = try String(contentsOfFile: fleet.knownHostsPath, encoding: .utf8).split(separator: "\n")
        lines[0] = "[\(fleet.addresses[0])]:\(fleet.port) \(key.joined(separator: " "))"
        lines.remove(at: 1)
        try lines.joined(separator: "\n").write(toFile: fleet.knownHostsPath, atomically: true, encoding: .utf8)
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          let changed = try await rig.call("read", ["target": "host1:/etc/hostname"])
          #expect(changed.codes == ["host_key_changed"] && changed.outcome.text.contains("ssh-keygen"))
          let unknown = try await rig.call("read", ["target": "host2:/etc/hostname"])
          #expect(unknown.codes == ["host_key_unknown"])
          #expect(fleet.loginCount == 0)
        }
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func aHostKilledInMidReadFailsAndWorksAgainAfterItsRestart(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        try await run("/usr/bin/truncate", ["-s", "2G", fleet.files.path + "/big"])
        try Data("back".utf8).write(to: fleet.files.appending(path: "small"))
        let small = JSON.string("host1:\(fleet.files.path)/small")
        _ = try await rig.call("read", ["target": small])
        let target = try Rig.target("host1:\(fleet.files.path)/big")
        let seen = Seen()
        await #expect(throws: (any Error).self) {
          _ = try await rig.core.stream(target, .init(), .init(requestID: "r")) { data in
            if seen.add(data.count) == data.count { await fleet.killServers() }
          }
        }
        #expect(seen.count < 2 << 30)
        let dead = try await rig.call("read", ["target": small])
        #expect(dead.codes == ["unreachable"], "\(dead.outcome.text)")
        try await fleet.restart()
        try await until { try await rig.call("read", ["target": small])["content"] == "back" }
      }
    }

    @Test func hostsAreReadAnewWhenTheConfigurationChanges() async throws {
      try await Rig.with(.link, hosts: 1) { rig, fleet in
        let before = try await rig.call("hosts", [:])
        #expect(before.outcome.structured?["hosts"]?.array?.count == 1)
        try fleet.addHost("another", address: fleet.addresses[0], port: fleet.port)
        try await until { try await rig.call("hosts", [:]).outcome.structured?["hosts"]?.array?.count == 2 }
      }
    }

    @Test func hostsTellHowTheyAreWithoutAProbe() async throws {
      try await Rig.with(.link, hosts: 2) { rig, fleet in
        _ = try await rig.call("read", ["target": "host1:/etc/hostname"])
        try await until {
          let hosts = try await rig.call("hosts", [:]).outcome.structured?["hosts"]?.array ?? []
          return hosts.map { $0["status"]?.string } == ["online", "unknown"]
        }
        #expect(fleet.loginCount == 1)
      }
    }
  }
}

/// Counts bytes. Sendable: an atomic would do; a lock is enough here.
final class Seen: Sendable {
  private let value = Mutex(0)
  var count: Int { value.withLock { $0 } }
  func add(_ amount: Int) -> Int {
    value.withLock {
      $0 += amount
      return $0
    }
  }
}
