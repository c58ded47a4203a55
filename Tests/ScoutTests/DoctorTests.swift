import Foundation
import MCP
import TestFleet
import Testing

extension FleetTests {
  /// `scout doctor`: what it finds, and what it says to do.
  @Suite struct DoctorTests {
    @Test func aHealthySetUpHasNothingToMend() async throws {
      try await TestFleet.with(hosts: 3) { fleet in
        let run = try await ScoutProcess.run(["doctor", "host1", "--ssh-config", fleet.configPath])
        #expect(run.code == 0 && run.errors.isEmpty, "\(run)")
        #expect(run.output.contains("ok     ssh_config: 3 hosts, 3 of them ready to be connected to\n"))
        #expect(run.output.contains("ok     host host1: reached, and it answers\n"))
        #expect(run.output.contains("ok     agent embedded: embedded answered in "))
      }
    }

    @Test func whatIsWrongIsNamedWithItsRemedy() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let config = fleet.directory.appending(path: "doctor_config").path
        let open = fleet.directory.appending(path: "open_key").path
        try FileManager.default.copyItem(atPath: fleet.privateKeyPath, toPath: open)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
        try """
        Host open
          IdentityFile \(open)
        Host proxied
          ProxyCommand nc %h %p
        Host stranger
          HostName 127.0.0.77
          IdentityFile \(fleet.privateKeyPath)
        Host dead
          HostName 127.0.0.78
          IdentityFile \(fleet.privateKeyPath)
          StrictHostKeyChecking accept-new
        Host *
          Port 1
          IdentityAgent none
          IdentitiesOnly yes
          UserKnownHostsFile \(fleet.knownHostsPath)
          GlobalKnownHostsFile /dev/null

        """.write(toFile: config, atomically: true, encoding: .utf8)
        let run = try await ScoutProcess.run(["doctor", "dead", "--ssh-config", config, "--json"])
        #expect(run.code == 1, "\(run)")
        let answer = try JSON(parsing: Array(run.output.utf8))
        let findings = (answer["findings"]?.array ?? []).map {
          "\($0["level"]?.string ?? "") \($0["subject"]?.string ?? ""): \($0["message"]?.string ?? "")"
        }
        for words in [
          "ok ssh_config: 4 hosts, 1 of them ready", "chmod 600 \(open)", "fault host open: there is no key to show",
          "fault host proxied: ", "fault hosts open, stranger: no known_hosts file has its key", "fault host dead: ",
        ] { #expect(findings.contains { $0.contains(words) }, "\(words) is not in \(findings)") }
      }
    }

    @Test func settingsAndAgentsAreLookedAt() async throws {
      let typo = try await ScoutProcess.run(
        ["doctor"], environment: ["SCOUT_HTTP_PROT": "80", "SCOUT_COMMAND_TIMEOUT": "soon"])
      #expect(typo.code == 1, "\(typo)")
      #expect(
        typo.output.contains("SCOUT_HTTP_PROT is set, and there is no such setting; did you mean SCOUT_HTTP_PORT?"))
      #expect(typo.output.contains("`soon` is not a whole number"))
      // What would keep a coordinator or an agent from starting, all of it at once.
      let together = try await ScoutProcess.run(
        ["doctor"],
        environment: [
          "SCOUT_AGENT_LISTEN": "nowhere", "SCOUT_LABELS": "web", "SCOUT_HTTP_HOST": "0.0.0.0", "SCOUT_AGENT": "dc1",
          "SCOUT_ETCD": "http://127.0.0.1:99999",
        ])
      #expect(together.code == 1, "\(together)")
      for words in [
        "SCOUT_AGENT_LISTEN (--agent-listen): `nowhere` is not HOST:PORT", "`web` is not HOSTS:KEY=VALUE",
        "SCOUT_HTTP_HOST is 0.0.0.0", "`dc1` is not SEGMENT=https://HOST:PORT", "SCOUT_ETCD (--etcd): ",
      ] { #expect(together.output.contains("FAULT  settings: ") && together.output.contains(words), "\(together)") }
      let dead = try await ScoutProcess.run(
        ["doctor", "--no-embedded-agent", "--agent", "dc1=http://127.0.0.1:\(try freePort())"])
      #expect(dead.code == 1 && dead.output.contains("FAULT  agent dc1: "), "\(dead)")
    }

    @Test func theCoordinatorsOfAnAgentAreAskedWhetherTheyTakeItIn() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let port = try freePort()
        let coordinator = try ScoutProcess([
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent-listen", "127.0.0.1:\(port)",
        ])
        _ = try await coordinator.port()
        let (other, mute) = (try freePort(), fleet.port)
        let run = try await ScoutProcess.run([
          "doctor", "--ssh-config", fleet.configPath, "--segment", "dc1", "--name", "a", "--coordinator",
          "127.0.0.1:\(port)", "--coordinator", "127.0.0.1:\(other)", "--coordinator", "\(fleet.addresses[0]):\(mute)",
        ])
        #expect(run.code == 1, "\(run)")
        #expect(run.output.contains("ok     coordinator 127.0.0.1:\(port): takes this agent in as dc1/a\n"), "\(run)")
        #expect(run.output.contains("FAULT  coordinator 127.0.0.1:\(other): "), "\(run)")
        #expect(run.output.contains("FAULT  coordinator \(fleet.addresses[0]):\(mute): "), "\(run)")
        // It only looked.
        #expect(!coordinator.errors.contains("An agent has dialled in"), "\(coordinator.errors)")
      }
    }

    @Test func aCoordinatorsAuthorityIsLookedAtAndNotChanged() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-doctor-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let pki = folder.appending(path: "pki").path
      let doctor = ["doctor", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0", "--pki", pki]
      let none = try await ScoutProcess.run(doctor)
      #expect(none.code == 1 && none.output.contains("FAULT  authority: "), "\(none)")
      #expect(none.output.contains("scout pki init --pki \(pki)"), "\(none)")
      #expect(try await ScoutProcess.run(["pki", "init", "--pki", pki]).code == 0)
      let before = try FileManager.default.contentsOfDirectory(atPath: pki).sorted()
      let fresh = try await ScoutProcess.run(doctor)
      #expect(fresh.code == 0 && fresh.output.contains("ok     authority: \(pki) is in force until "), "\(fresh)")
      #expect(fresh.output.contains("note   authority: this coordinator has no certificate in force"), "\(fresh)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: pki).sorted() == before)

      let coordinator = try ScoutProcess([
        "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0", "--pki", pki,
      ])
      _ = try await coordinator.port()
      let used = try await ScoutProcess.run(doctor)
      #expect(used.code == 0 && used.output.contains("is in force until ") && !used.output.contains("note "), "\(used)")
    }

    @Test func certificatesThatEndOrDoNotFitAreNamed() async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-doctor-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      func path(_ name: String) -> String { folder.appending(path: name).path }
      for name in ["a", "b"] {
        _ = try await run(
          "/usr/bin/openssl",
          [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "5", "-subj",
            "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
          ])
      }
      let agent = ["doctor", "--no-embedded-agent", "--agent", "dc1=https://127.0.0.1:\(try freePort())"]
      let soon = try await ScoutProcess.run(
        agent + ["--agent-ca", path("a.pem"), "--agent-cert", path("a.pem"), "--agent-key", path("a.key")])
      #expect(soon.output.contains("note   links to agents: \(path("a.pem")) is in force for "), "\(soon)")
      let door = try await ScoutProcess.run(
        ["doctor", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0"],
        environment: ["SCOUT_TLS_CERT": path("a.pem"), "SCOUT_TLS_KEY": path("a.key")])
      #expect(
        door.code == 0 && door.output.contains("note   the MCP front door: \(path("a.pem")) is in force for 4"),
        "\(door)")
      let wrong = try await ScoutProcess.run(
        ["doctor", "--no-embedded-agent", "--agent-listen", "127.0.0.1:0"],
        environment: ["SCOUT_TLS_CERT": path("a.pem"), "SCOUT_TLS_KEY": path("b.key")])
      #expect(wrong.code == 1 && wrong.output.contains("FAULT  the MCP front door: Cannot use"), "\(wrong)")
      let other = try await ScoutProcess.run(
        agent + ["--agent-ca", path("a.pem"), "--agent-cert", path("a.pem"), "--agent-key", path("b.key")])
      #expect(other.code == 1 && other.output.contains("FAULT  links to agents: Cannot use"), "\(other)")
    }
  }
}
