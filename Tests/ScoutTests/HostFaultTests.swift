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
        try fleet.addHost("silent", address: "127.0.0.1", port: silent.port, ["ConnectTimeout 2"])
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          let reply = try await rig.call("read", ["target": .string("*:\(fleet.files.path)/f"), "timeout_ms": 30_000])
          #expect(reply.answeredHosts == 99, "\(reply.outcome.text)")
          #expect(reply.failedHosts == ["silent"] && reply.codes == ["connect_timeout"])
          #expect(reply.failures.first?["phase"]?.string != nil)
          // Two seconds are its bound; a loop that makes 99 other connections may look at its clock a little late.
          let elapsed = try #require(reply.failures.first?["elapsed_ms"]?.integer)
          #expect((1900..<15_000).contains(elapsed), "\(elapsed) ms")
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
          // Below the connect timeout: the caller's deadline ended the call.
          #expect(start.duration(to: .now) < .seconds(9))
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
    func aHostBehindTwoJumpHostsIsReached(_ wiring: Rig.Wiring) async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        try fleet.addHost("far", address: fleet.addresses[2], port: fleet.port, ["ProxyJump host1,host2"])
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          let reply = try await rig.call("query", ["target": "far", "command": "hostname"])
          #expect(reply["exit_code"] == 0, "\(reply.outcome.text)")
          let read = try await rig.call("read", ["target": "far:/etc/hostname"])
          #expect(read["content"] == reply["stdout"], "\(read.outcome.text)")
          // At each of the three, once.
          #expect(fleet.loginCount == 3)
          for address in fleet.addresses {
            #expect(fleet.log.contains(" on \(address) port \(fleet.port)"), "\(fleet.log)")
          }
        }
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func aHostKilledInMidReadIsNamed(_ wiring: Rig.Wiring) async throws {
      var options = TestFleet.Options()
      options.hosts = 1
      options.sftpDelay = .milliseconds(500)
      try await TestFleet.with(options) { fleet in
        let path = fleet.files.path + "/f"
        try Data("content".utf8).write(to: URL(filePath: path))
        let target = JSON.string("host1:\(path)")
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          async let reply = rig.call("read", ["target": target, "timeout_ms": 20_000])
          // Its server has opened the file; what it reads is on its way.
          try await until { isOpen(path) }
          await fleet.killServers()
          let lost = try await reply
          #expect(lost.codes == ["unreachable"] && lost.outcome.isError, "\(lost.outcome.text)")
          #expect(lost.outcome.text.contains("host1"), "\(lost.outcome.text)")
          try await fleet.restart()
          try await until { try await rig.call("read", ["target": target])["content"] == "content" }
        }
      }
    }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func aHostKilledInMidReadFailsAndWorksAgainAfterItsRestart(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        try await run("/usr/bin/truncate", ["-s", "2G", fleet.files.path + "/big"])
        try Data("back".utf8).write(to: fleet.files.appending(path: "small"))
        let small = JSON.string("host1:\(fleet.files.path)/small")
        _ = try await rig.call("read", ["target": small])
        let target = try Rig.target("host1:\(fleet.files.path)/big")
        let seen = Seen()
        let core = try #require(rig.inside).core
        await #expect(throws: (any Error).self) {
          _ = try await core.stream(target, .init(), .init(requestID: "r")) { data in
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

    /// Also the command of a host that the file no longer names.
    @Test(arguments: [Rig.Wiring.link, .listener])
    func aCommandUnderWayIsNotDisturbedByANewConfiguration(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 2) { rig, fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        async let reply = rig.call(
          "query", ["target": "host1", "command": ["grep", "x", .string(fifo)], "timeout_ms": 60_000])
        try await until { processes(mentioning: fifo) > 0 }
        let config = try String(contentsOfFile: fleet.configPath, encoding: .utf8)
        try config.replacing("Host host1\n", with: "Host another\n")
          .write(toFile: fleet.configPath, atomically: true, encoding: .utf8)
        try await until {
          let hosts = try await rig.call("hosts", [:]).outcome.structured?["hosts"]?.array ?? []
          return Set(hosts.compactMap { $0["host"]?.string }) == ["another", "host2"]
        }
        let another = try await rig.call("read", ["target": "another:/etc/hostname"])
        #expect(another.answeredHosts == 1, "\(another.outcome.text)")
        try "x\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        let end = try await reply
        #expect(end["exit_code"] == 0 && end["stdout"] == "x\n", "\(end.outcome.text)")
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

/// Whether a process of this machine has the file open.
func isOpen(_ path: String) -> Bool {
  let files = FileManager.default
  let processes = ((try? files.contentsOfDirectory(atPath: "/proc")) ?? []).filter { Int32($0) != nil }
  return processes.contains { process in
    let folder = "/proc/\(process)/fd"
    return ((try? files.contentsOfDirectory(atPath: folder)) ?? []).contains {
      (try? files.destinationOfSymbolicLink(atPath: folder + "/" + $0)) == path
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
