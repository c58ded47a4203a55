import Foundation
import TestFleet
import Testing

@testable import scout

extension EndToEnd {
  /// Two coordinators that share agents through a real etcd.
  @Suite(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/etcd"),
      "etcd is not installed: apt-get install etcd-server"))
  struct SharedAgentsTests {
    /// One member on loopback, its data in `folder`; ended when it goes.
    private final class Etcd {
      let process = Process()

      init(_ folder: URL, client: Int, peer: Int) throws {
        let peers = "http://127.0.0.1:\(peer)"
        let clients = "http://127.0.0.1:\(client)"
        process.executableURL = URL(filePath: "/usr/bin/etcd")
        process.arguments = [
          "--name", "m", "--data-dir", folder.path, "--listen-client-urls", clients, "--advertise-client-urls", clients,
          "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", "m=\(peers)",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
      }

      func stop() {
        process.terminate()
        process.waitUntilExit()
      }

      deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }
    }

    @Test(arguments: ["https://B.example:7443", "https://b.example", "https://b.example:7443/", "https://b.example#2"])
    func oneAgentIsOneHoweverItsURLIsSpelled(url: String) throws {
      let told = try SharedAgents.Told(segment: "dc1", url: "https://b.example:7443")
      #expect(try SharedAgents.Place(segment: "dc1", url: url) == told.place)
      #expect(try SharedAgents.Place(segment: "dc2", url: url) != told.place)
      #expect(try SharedAgents.Place(segment: "dc1", url: "https://b.example:7444") != told.place)
    }

    @Test func aSegmentMayBeAnyWord() throws {
      let (segment, url) = try AgentLinks.split("münchen=https://B.example#1")
      #expect(segment == "münchen" && url.host == "b.example" && url.port == 7443 && url.priority == 1)
      #expect(throws: SettingsError.self) { try AgentLinks.split("dc1=https://b.example:65536") }
    }

    @Test func anAgentThatOneCoordinatorIsToldOfServesTheOtherAlsoWithoutEtcd() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let (client, peer) = (try freePort(), try freePort())
        let data = fleet.directory.appending(path: "etcd")
        let etcd = try Etcd(data, client: client, peer: peer)
        let agent = try ScoutProcess([
          "agent", "--listen", "127.0.0.1:0", "--segment", "dc1", "--ssh-config", fleet.configPath,
        ])
        let settings = [
          "coordinator", "--http-port", "0", "--no-embedded-agent", "--etcd", "http://127.0.0.1:\(client)",
        ]
        let first = try ScoutProcess(settings + ["--agent", "dc1=http://127.0.0.1:\(try await agent.port())"])
        let second = try ScoutProcess(settings)
        let url = "http://127.0.0.1:\(try await second.port())/mcp"
        func read() async throws -> Int32 {
          try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code
        }
        try await until(within: .seconds(30)) { try await read() == 0 }
        #expect(second.errors.contains("a shared agent is dialled"))

        etcd.stop()
        #expect(try await read() == 0)
        // The coordinator that was told of it goes, too; the link of the other stays.
        first.signal(SIGTERM)
        #expect(try await first.end(within: .seconds(6)) == 0)
        #expect(try await read() == 0)

        let again = try Etcd(data, client: client, peer: peer)
        #expect(try await read() == 0)
        second.signal(SIGTERM)
        #expect(try await second.end(within: .seconds(6)) == 0)
        again.stop()
      }
    }
  }
}
