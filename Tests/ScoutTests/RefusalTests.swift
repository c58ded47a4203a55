import Foundation
import MCP
import TestFleet
import Testing

@testable import scout

extension EndToEnd {
  /// What settings keep out, shown on running processes by real requests.
  @Suite struct RefusalTests {
    @Test func theFrontDoorTakesWhomItsSettingsName() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let pki = try await Certificates(in: fleet.directory)
        let coordinator = try ScoutProcess(
          [
            "coordinator", "--http-port", "0", "--ssh-config", fleet.configPath, "--tls-cert", pki.certificate,
            "--tls-key", pki.key, "--allowed-origins", "https://desk.example", "--allowed-hosts", "scout.example",
            "--rate-limit-per-minute", "1", "--rate-limit-burst", "6",
          ], environment: ["SCOUT_API_KEYS": "old:sesame,new:mellon"])
        let authority = "127.0.0.1:\(try await coordinator.port())"
        let door = Curl(
          base: "https://\(authority)", folder: fleet.directory, options: ["--cacert", pki.authority])
        let call = Curl.call("hosts", [:])
        let key = "X-API-Key: sesame"
        for (fields, status) in [
          ([], 401), (["X-API-Key: wrong"], 401), (["Authorization: Bearer wrong"], 401), (["X-API-Key;"], 401),
          // Credentials come first: a stranger learns nothing of what else is checked.
          (["Origin: https://foreign.example"], 401),
          ([key], 200), (["Authorization: Bearer sesame"], 200),
          ([key, "Origin: https://foreign.example"], 403),
          ([key, "Origin: https://desk.example.foreign.example"], 403),
          ([key, "Origin: https://desk.example"], 200),
          ([key, "Host: foreign.example"], 403), ([key, "Host: scout.example"], 200),
        ] as [([String], Int)] {
          let answer = try await door.send(call.message, call.fields + fields)
          #expect(answer.status == status, "\(fields): \(answer)")
          #expect((answer.field("www-authenticate") != nil) == (status == 401), "\(fields): \(answer)")
          #expect(answer.body.contains("host1") == (status == 200), "\(fields): \(answer)")
        }
        #expect(try await door.send(to: "/health").body == "OK")
        #expect(try await door.send(to: "/metrics").status == 401)
        #expect(try await door.send(nil, [key], to: "/metrics").status == 200)

        // Each client has its own six; the first has used four.
        let second = call.fields + ["X-API-Key: mellon"]
        for _ in 0..<6 { #expect(try await door.send(call.message, second).status == 200) }
        let limited = try await door.send(call.message, second)
        #expect(limited.status == 429, "\(limited)")
        let wait = try #require(limited.field("retry-after").flatMap { Int($0) })
        #expect((1...60).contains(wait))
        #expect(try await door.send(call.message, call.fields + [key]).status == 200)

        let plaintext = Curl(base: "http://\(authority)", folder: fleet.directory)
        let refused = try await plaintext.send(call.message, call.fields + [key])
        #expect(refused.status == 0 && refused.body.isEmpty, "\(refused)")
        let stranger = Curl(base: "https://\(authority)", folder: fleet.directory)
        #expect(try await stranger.send(call.message, call.fields + [key]).status == 0)
        // It is there for who comes as it wants to be met.
        #expect(try await door.send(call.message, call.fields + [key]).status == 200)
        #expect(!coordinator.errors.contains("sesame") && !coordinator.errors.contains("mellon"))
      }
    }

    /// Without keys each address is a client.
    @Test func oneCallAtATimeAndThreeInAllWhereSettingsSaySo() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let fifo = fleet.files.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--ssh-config", fleet.configPath, "--max-concurrent-requests", "1",
          "--rate-limit-per-minute", "1", "--rate-limit-burst", "3",
        ])
        let door = Curl(base: "http://127.0.0.1:\(try await coordinator.port())", folder: fleet.directory)
        let waiting = Curl.call("query", ["target": "host1", "command": ["grep", "x", .string(fifo)]])
        let held = try door.open(waiting.message, waiting.fields)
        try await until { processes(mentioning: fifo) > 0 }
        let refused = try await door.send(Curl.call("hosts", [:]))
        #expect(refused.status == 503 && refused.field("retry-after") == "1", "\(refused)")
        try "x\n".write(toFile: fifo, atomically: false, encoding: .utf8)
        #expect(try await held.end() == 0)
        #expect(held.output.contains(#""exit_code":0"#), "\(held.output)")
        #expect(try await door.send(Curl.call("hosts", [:])).status == 200)
        #expect(try await door.send(Curl.call("hosts", [:])).status == 429)
        let metrics = try await door.send(to: "/metrics").body
        for cause in ["concurrency", "rate"] {
          #expect(metrics.contains(#"scout_http_refused_total{cause="\#(cause)"} 1"#), "\(metrics)")
        }
      }
    }

    /// Agents that know the same hosts, each with settings of its own: a segment each.
    @Test func agentsAskWhomTheirSettingsAllow() async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let other = fleet.directory.appending(path: "other_key").path
        try await run("/usr/bin/ssh-keygen", ["-q", "-N", "", "-t", "ed25519", "-f", other])
        let key = try String(contentsOfFile: other + ".pub", encoding: .utf8).split(separator: " ").prefix(2)
          .joined(separator: " ")
        func knownHosts(_ name: String, _ lines: [String]) throws -> String {
          let path = fleet.directory.appending(path: name).path
          try lines.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
          return path
        }
        let changed = try knownHosts("changed", fleet.addresses.map { "[\($0)]:\(fleet.port) \(key)" })
        let empty = try knownHosts("empty", [])
        let segments: [(name: String, settings: [String])] = [
          ("right", ["--known-hosts", fleet.knownHostsPath]), ("changed", ["--known-hosts", changed]),
          ("unknown", ["--known-hosts", empty, "--strict-host-key-checking", "yes"]),
          ("new", ["--known-hosts", try knownHosts("new", []), "--strict-host-key-checking", "accept-new"]),
          ("changed-new", ["--known-hosts", changed, "--strict-host-key-checking", "accept-new"]),
          ("off", ["--known-hosts", changed, "--strict-host-key-checking", "no"]),
          ("some", ["--allowlist", "host1,host2", "--blocklist", "host2"]),
        ]
        let agents = try segments.map { segment in
          try ScoutProcess(
            ["agent", "--listen", "127.0.0.1:0", "--segment", segment.name, "--ssh-config", fleet.configPath]
              + segment.settings)
        }
        var links: [String] = []
        for (segment, agent) in zip(segments, agents) {
          links += ["--agent", "\(segment.name)=http://127.0.0.1:\(try await agent.port())"]
        }
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--no-embedded-agent"] + links)
        let caller = RemoteToolCaller(
          url: "http://127.0.0.1:\(try await coordinator.port())/mcp", apiKey: nil, timeout: .seconds(40))
        var logins = 0
        for (target, code) in [
          ("right/host1", nil), ("changed/host1", "host_key_changed"), ("unknown/host1", "host_key_unknown"),
          ("new/host1", nil), ("changed-new/host1", "host_key_changed"), ("off/host1", nil), ("some/host1", nil),
          ("some/host2", "unknown_host"), ("some/host3", "unknown_host"),
        ] {
          let reply = Reply(try await caller.call("read", ["target": .string(target + ":/etc/hostname")]))
          #expect(reply.codes == [code].compactMap { $0 }, "\(target): \(reply.outcome.text)")
          #expect(reply.answeredHosts == (code == nil ? 1 : 0), "\(target): \(reply.outcome.text)")
          if code == nil { logins += 1 }
          #expect(fleet.loginCount == logins, "\(target)")
        }
        let some = Reply(try await caller.call("read", ["target": "some/*:/etc/hostname"]))
        #expect(some.answeredHosts == 1 && some.failures.isEmpty, "\(some.outcome.text)")
        for agent in agents { #expect(agent.isRunning, "\(agent.errors)") }
      }
    }
  }
}
