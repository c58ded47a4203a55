import Foundation
import Registry
import TestFleet
import Testing

@testable import scout

extension FleetTests {
  /// Two coordinators that share agents through a real etcd.
  @Suite(.enabled(if: EtcdCluster.isInstalled, Comment(rawValue: EtcdCluster.absence)))
  struct SharedAgentsTests {
    private static let coordinator = ["coordinator", "--http-port", "0", "--no-embedded-agent"]

    /// An agent of the fleet's hosts.
    private func agent(_ fleet: TestFleet, port: Int = 0) throws -> ScoutProcess {
      try ScoutProcess([
        "agent", "--listen", "127.0.0.1:\(port)", "--segment", "dc1", "--ssh-config", fleet.configPath,
      ])
    }

    /// Whether a read through the coordinator succeeds.
    private func reads(_ coordinator: ScoutProcess) async throws -> Bool {
      let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
      return try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code == 0
    }

    /// Generations of the rows that stand in etcd.
    private func generations(_ cluster: EtcdCluster) async throws -> [UInt64] {
      let (key, end) = (Data("/scout/registry/".utf8), Data("/scout/registry0".utf8))
      let answer = try await cluster.ask(
        "kv/range", #"{"key":"\#(key.base64EncodedString())","range_end":"\#(end.base64EncodedString())"}"#)
      return try (answer["kvs"] as? [[String: Any]] ?? []).compactMap { pair in
        let value = (pair["value"] as? String).flatMap { Data(base64Encoded: $0) } ?? Data()
        return ((try JSONSerialization.jsonObject(with: value) as? [String: Any])?["generation"] as? NSNumber)?
          .uint64Value
      }
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

    @Test func aRowIsOfTheTimeAtWhichItsCoordinatorStarted() throws {
      let told = try SharedAgents.Told(segment: "dc1", url: "https://b.example")
      let started = Date(timeIntervalSince1970: 1_700_000_000.25)
      let row = SharedAgents.row(told, generation: SharedAgents.generation(started))
      #expect(row.generation == 1_700_000_000_250)
      #expect(row.addresses == ["https://b.example"])
      #expect(throws: Never.self) { try row.validate() }
      // A clock that was never set.
      #expect(SharedAgents.generation(Date(timeIntervalSince1970: -5)) == 1)
      #expect(SharedAgents.generation(.distantFuture) > row.generation)
    }

    /// Of two that were told of one agent the last to start has its row; when it goes, the other's stands again.
    @Test func theLastCoordinatorToStartWritesTheRow() async throws {
      try await EtcdCluster.with(1) { cluster in
        let settings = Self.coordinator + ["--etcd", cluster.endpoints[0], "--agent", "dc1=http://127.0.0.1:9"]
        let began = SharedAgents.generation(.now)
        let first = try ScoutProcess(settings)
        try await until { try await generations(cluster).count == 1 }
        let one = try #require(try await generations(cluster).first)
        #expect((began...SharedAgents.generation(.now)).contains(one))
        let second = try ScoutProcess(settings)
        try await until { try await generations(cluster).first ?? 0 > one }
        second.signal(SIGTERM)
        #expect(try await second.end(within: .seconds(6)) == 0)
        try await until { try await generations(cluster) == [one] }
        first.signal(SIGTERM)
        #expect(try await first.end(within: .seconds(6)) == 0)
      }
    }

    @Test func anAgentThatOneCoordinatorIsToldOfServesTheOtherAlsoWithoutEtcd() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        try await EtcdCluster.with(1) { cluster in
          let agent = try self.agent(fleet)
          let settings = Self.coordinator + ["--etcd", cluster.endpoints[0]]
          let first = try ScoutProcess(settings + ["--agent", "dc1=http://127.0.0.1:\(try await agent.port())"])
          let second = try ScoutProcess(settings)
          try await until { try await reads(second) }
          #expect(second.errors.contains("a shared agent is dialled"))

          await cluster.kill(0)
          #expect(try await reads(second))
          // The coordinator that was told of it goes, too; the link of the other stays.
          first.signal(SIGTERM)
          #expect(try await first.end(within: .seconds(6)) == 0)
          #expect(try await reads(second))

          try cluster.start(0)
          #expect(try await reads(second))
          second.signal(SIGTERM)
          #expect(try await second.end(within: .seconds(6)) == 0)
        }
      }
    }

    @Test func routingGoesOnWithoutEtcdsLeader() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        try await EtcdCluster.with(3) { cluster in
          let agent = try self.agent(fleet)
          let settings = Self.coordinator + ["--etcd", cluster.endpoints.joined(separator: ",")]
          let first = try ScoutProcess(settings + ["--agent", "dc1=http://127.0.0.1:\(try await agent.port())"])
          let second = try ScoutProcess(settings)
          try await until { try await reads(second) }

          let leader = try await cluster.leader()
          await cluster.kill(leader)
          #expect(try await reads(first))
          #expect(try await reads(second))
          try await until { try await cluster.elected(besides: leader) }
          #expect(try await reads(second))
          // Who comes now learns of the agent from those that are left.
          let third = try ScoutProcess(settings)
          try await until { try await reads(third) }
        }
      }
    }

    @Test func aCoordinatorThatIsCutOffFromEtcdGoesOnWithItsSnapshot() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        try await EtcdCluster.with(3) { cluster in
          try await Relay.with(to: cluster.ports[0]) { relay in
            let port = try freePort()
            let agent = try self.agent(fleet, port: port)
            let kept = fleet.directory.appending(path: "snapshot").path
            let first = try ScoutProcess(
              Self.coordinator + ["--etcd", cluster.endpoints[1], "--agent", "dc1=http://127.0.0.1:\(port)"])
            let settings = Self.coordinator + ["--etcd", relay.endpoint, "--etcd-snapshot", kept]
            let cut = try ScoutProcess(settings)
            try await until { try await reads(cut) }
            try await until { (try? String(contentsOfFile: kept, encoding: .utf8))?.contains("\(port)") ?? false }

            relay.cut()
            try await until { cut.errors.contains("Registry lost") }
            #expect(try await reads(cut))
            // Its link breaks, too, and is made again by what is known.
            agent.signal(SIGKILL)
            _ = try await agent.end()
            let again = try self.agent(fleet, port: port)
            try await until { try await reads(cut) }
            // So does one that starts meanwhile.
            cut.signal(SIGTERM)
            #expect(try await cut.end(within: .seconds(6)) == 0)
            let late = try ScoutProcess(settings)
            try await until { try await reads(late) }
            #expect(try await reads(first))

            relay.heal()
            again.signal(SIGTERM)
            _ = try await again.end()
          }
        }
      }
    }
  }
}
