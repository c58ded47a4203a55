import Foundation
import TestFleet
import Testing

@testable import Registry

/// Three real etcd members, started by each test.
@Suite(.enabled(if: EtcdCluster.isInstalled, Comment(rawValue: EtcdCluster.absence)), .timeLimit(.minutes(2)))
struct EtcdClusterTests {
  private func registries(_ count: Int, _ endpoints: [String]) throws -> [EtcdRegistry] {
    try (0..<count).map { _ in try EtcdRegistry(EtcdSettings(endpoints: endpoints), logger: quiet) }
  }

  private func agree(_ registries: [EtcdRegistry], rows: Int) -> Bool {
    registries.allSatisfy {
      $0.standing.isSynced && $0.snapshot.rows.count == rows && $0.snapshot == registries[0].snapshot
    }
  }

  @Test("The leader of three is killed: snapshots stay, and all agree by another leader")
  func leaderKilled() async throws {
    try await EtcdCluster.with(3) { cluster in
      let all = try registries(5, cluster.endpoints)
      for (number, registry) in all.enumerated() { try registry.publish(tunnelled("agent", via: "c\(number)")) }
      try await running(all) {
        try await eventually("all agree") { agree(all, rows: 5) }
        var healing = Healing("five coordinators agree under a new leader")
        for _ in 1...3 {
          let leader = try await cluster.leader()
          await cluster.kill(leader)
          #expect(all.allSatisfy { $0.snapshot.rows.count == 5 })
          // The row can only be written by the next leader.
          try all[0].publish(dialled("new"))
          try await eventually("there is a leader") { try await cluster.elected(besides: leader) }
          try await healing.time { agree(all, rows: 6) }
          try cluster.start(leader)
          try await cluster.answers(leader)
          all[0].withdraw(dialled("new").id)
          try await eventually("all agree again") { agree(all, rows: 5) }
        }
        healing.judge()
      }
    }
  }

  @Test("A member without a leader says so: its silence is not taken for peace")
  func noQuorum() async throws {
    try await EtcdCluster.with(3) { cluster in
      // It knows one member only.
      let lonely = try EtcdRegistry(EtcdSettings(endpoints: [cluster.endpoints[0]]), logger: quiet)
      try lonely.publish(dialled("x"))
      try await running([lonely]) {
        try await eventually("synced") { lonely.standing.isSynced && lonely.snapshot.rows.count == 1 }
        await cluster.kill(1)
        await cluster.kill(2)
        _ = try await time("a member without a quorum is noticed") { !lonely.standing.isSynced }
        #expect(lonely.snapshot.rows.count == 1)
        try cluster.start(1)
        try await eventually("synced again") { lonely.standing.isSynced && lonely.snapshot.rows.count == 1 }
      }
    }
  }

  @Test("A coordinator that is cut off goes on with its snapshot; healed, all agree")
  func cutOff() async throws {
    try await EtcdCluster.with(3) { cluster in
      try await Relay.with(to: cluster.ports[0]) { relay in
        let others = try registries(2, cluster.endpoints)
        // Short, so that the cut outlasts it.
        var settings = EtcdSettings(endpoints: [relay.endpoint])
        settings.leaseTime = .seconds(2)
        let cut = try EtcdRegistry(settings, logger: quiet)
        let all = others + [cut]
        for (number, registry) in all.enumerated() { try registry.publish(tunnelled("agent", via: "c\(number)")) }
        try await running(all) {
          try await eventually("all agree") { agree(all, rows: 3) }
          var healing = Healing("three coordinators agree after one was cut off and healed")
          for turn in 1...5 {
            let before = cut.snapshot
            relay.cut()
            try others[0].publish(dialled("news\(turn)"))
            try await eventually("its row is gone for the others") {
              others.allSatisfy { $0.snapshot.rows[tunnelled("agent", via: "c2").id] == nil }
            }
            try await eventually("it knows that it is cut off") { !cut.standing.isSynced }
            #expect(cut.snapshot == before)
            relay.heal()
            try await healing.time { agree(all, rows: 3 + turn) }
          }
          healing.judge()
        }
      }
    }
  }

  @Test("A cut shorter than anybody notices does no harm")
  func shortCuts() async throws {
    try await EtcdCluster.with(1) { cluster in
      try await Relay.with(to: cluster.ports[0]) { relay in
        let writer = try registries(1, cluster.endpoints)[0]
        let reader = try registries(1, [relay.endpoint])[0]
        try await running([writer, reader]) {
          try await eventually("synced") { agree([writer, reader], rows: 0) }
          // The connection is dead, new ones would do: only the probes can tell.
          relay.cut()
          relay.heal()
          try writer.publish(dialled("x"))
          _ = try await time("a dead connection is found by its silence") { agree([writer, reader], rows: 1) }
        }
      }
    }
  }
}
