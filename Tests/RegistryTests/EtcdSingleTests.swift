import AsyncHTTPClient
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import TestFleet
import Testing

@testable import Registry

/// One real etcd, started by each test.
@Suite(.enabled(if: EtcdCluster.isInstalled, Comment(rawValue: EtcdCluster.absence)), .timeLimit(.minutes(2)))
struct EtcdSingleTests {
  private func registry(_ endpoints: [String], _ change: (inout EtcdSettings) -> Void = { _ in }) throws -> EtcdRegistry
  {
    var settings = EtcdSettings(endpoints: endpoints)
    change(&settings)
    return try EtcdRegistry(settings, logger: quiet)
  }

  @Test("What one coordinator publishes the other sees, changes and withdrawals too")
  func publishAndWatch() async throws {
    try await EtcdCluster.with(1) { cluster in
      let a = try registry(cluster.endpoints)
      let b = try registry(cluster.endpoints)
      #expect(a.standing == .stale(since: nil))
      try a.publish(dialled("early"))
      #expect(a.publication(of: dialled("early").id) == .waiting)
      try await running([a, b]) {
        try await eventually("early is seen") { b.snapshot.rows[dialled("early").id] == dialled("early") }
        try await eventually("both are synced") { a.standing.isSynced && b.standing.isSynced }
        // The other may see it before its writer has the answer.
        try await eventually("early is stored") { a.publication(of: dialled("early").id) == .stored }
        let odd = RegistryRow(
          segment: "süd/1 %", agent: "a:b", way: .tunnelled(coordinator: "c/1"), protocolVersion: 2, generation: 7,
          inventoryDigest: "sha256:ff")
        try a.publish(odd)
        var changes = b.snapshots().makeAsyncIterator()
        while let snapshot = await changes.next(), snapshot.rows[odd.id] != odd {}
        var changed = odd
        changed.inventoryDigest = "sha256:00"
        try a.publish(changed)
        while let snapshot = await changes.next(), snapshot.rows[odd.id] != changed {}
        a.withdraw(odd.id)
        #expect(a.publication(of: odd.id) == nil)
        while let snapshot = await changes.next(), snapshot.rows[odd.id] != nil {}
        #expect(b.snapshot.rows.keys.sorted() == [dialled("early").id])
        // What another publishes is not ours to withdraw.
        b.withdraw(dialled("early").id)
        try b.publish(dialled("last"))
        try await eventually("last is seen") { a.snapshot.rows[dialled("last").id] != nil }
        #expect(a.snapshot.rows[dialled("early").id] != nil)
        // Each hears of it by a watch of its own.
        try await eventually("both see the same") { a.snapshot == b.snapshot }
      }
    }
  }

  @Test("Hundreds of rows need several pages and several transactions")
  func manyRows() async throws {
    try await EtcdCluster.with(1) { cluster in
      let a = try registry(cluster.endpoints)
      for number in 0..<700 { try a.publish(dialled("agent\(number)")) }
      try await running([a]) {
        _ = try await time("700 rows are written") { a.snapshot.rows.count == 700 }
        let b = try registry(cluster.endpoints)
        try await running([b]) {
          _ = try await time("700 rows are listed") { b.snapshot.rows.count == 700 }
          try await eventually("equal") { a.snapshot == b.snapshot }
        }
        let small = try registry(cluster.endpoints) { $0.maxRows = 699 }
        try await running([small]) {
          try await eventually("too many are refused") { small.figures.lastFailure?.code == .full }
          #expect(small.snapshot.rows.isEmpty)
        }
      }
    }
  }

  @Test("Rows go with their coordinator: at once when it says so, by the lease when it dies")
  func leaseEnds() async throws {
    try await EtcdCluster.with(1) { cluster in
      let watcher = try registry(cluster.endpoints)
      try await running([watcher]) {
        let orderly = try registry(cluster.endpoints) { $0.leaseTime = .seconds(600) }
        try orderly.publish(dialled("orderly"))
        let group = ServiceGroup(services: [orderly], logger: quiet)
        async let ended: Void = group.run()
        try await eventually("orderly is seen") { watcher.snapshot.rows[dialled("orderly").id] != nil }
        await group.triggerGracefulShutdown()
        try await ended
        try await eventually("orderly is gone") { watcher.snapshot.rows.isEmpty }

        let dying = try registry(cluster.endpoints) { $0.leaseTime = .seconds(2) }
        try dying.publish(dialled("dying"))
        try await running([dying]) {
          try await eventually("dying is seen") { watcher.snapshot.rows[dialled("dying").id] != nil }
        }
        _ = try await time("a row of a dead coordinator with a lease of 2 s goes") { watcher.snapshot.rows.isEmpty }
      }
    }
  }

  @Test("A lease is renewed, and one that was lost is replaced with its rows")
  func leaseLost() async throws {
    try await EtcdCluster.with(1) { cluster in
      let a = try registry(cluster.endpoints) { $0.leaseTime = .seconds(3) }
      try a.publish(dialled("kept"))
      try await running([a]) {
        try await eventually("kept is seen") { a.snapshot.rows.count == 1 }
        let revision = a.snapshot.revision
        let leases = try await cluster.ask("lease/leases", "{}")["leases"] as? [[String: Any]]
        let lease = try #require(leases?.first?["ID"] as? String)
        _ = try await cluster.ask("lease/revoke", #"{"ID":"\#(lease)"}"#)
        try await eventually("kept is written again") {
          a.snapshot.revision >= revision + 2 && a.snapshot.rows.count == 1
        }
        let again = a.snapshot.revision
        // More than two lease times: only renewals keep it.
        let end = ContinuousClock.now + .seconds(7)
        try await eventually("time has passed") { ContinuousClock.now > end }
        #expect(a.snapshot.revision == again)
      }
    }
  }

  @Test("An older writer is refused, a newer one replaces, equals vouch for each other")
  func fence() async throws {
    try await EtcdCluster.with(1) { cluster in
      let id = dialled("x").id
      let old = try registry(cluster.endpoints)
      let new = try registry(cluster.endpoints)
      try await running([old]) {
        try await running([new]) {
          try old.publish(dialled("x", generation: 5))
          try await eventually("5 stands") { new.snapshot.rows[id]?.generation == 5 }
          try new.publish(dialled("x", generation: 6))
          try await eventually("6 stands") { old.snapshot.rows[id]?.generation == 6 }
          try await eventually("5 is superseded") { old.publication(of: id) == .superseded(by: 6) }
          try await eventually("6 is stored") { new.publication(of: id) == .stored }
          let revision = try await cluster.revision()
          try old.publish(dialled("x", generation: 4))
          // A row that is written behind it shows that the refused one was looked at.
          try old.publish(dialled("y"))
          try await eventually("y stands") { new.snapshot.rows[dialled("y").id] != nil }
          #expect(try await cluster.revision() == revision + 1)
          #expect(new.snapshot.rows[id]?.generation == 6)
          try old.publish(dialled("x", generation: 6))
          try await eventually("vouched for") { old.publication(of: id) == .vouchedFor }
          new.withdraw(id)
          try await eventually("the other one's stands") { old.publication(of: id) == .stored }
        }
      }
    }
  }

  @Test("A writer that knows nothing newer is refused by the transaction itself")
  func staleWriter() async throws {
    try await EtcdCluster.with(1) { cluster in
      let settings = EtcdSettings(endpoints: cluster.endpoints)
      let keys = EtcdKeys(prefix: settings.prefix)
      let http = try EtcdClient.httpClient(settings)
      let client = EtcdClient(http: http, endpoint: cluster.endpoints[0], answerTimeout: .seconds(5))
      // Two processes whose watches never say anything: they decide by what they knew at their start, nothing.
      let states = [
        EtcdState(settings, snapshot: RegistrySnapshot()), EtcdState(settings, snapshot: RegistrySnapshot()),
      ]
      for (state, generation) in zip(states, [UInt64(9), 8]) {
        try state.publish(dialled("x", generation: generation))
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self)
        wake.yield()
        wake.finish()
        try await LeaseHolder(settings: settings, client: client, state: state, logger: quiet).hold(wakes)
      }
      #expect(states[0].publication(of: dialled("x").id) == .stored)
      #expect(states[1].publication(of: dialled("x").id) == .superseded(by: 9))
      let (pairs, _) = try await client.list(keys, maxRows: 10)
      #expect(try pairs.map { try keys.row($0).generation } == [9])
      try await http.shutdown()
    }
  }

  @Test("A watch that comes too late for etcd's history is followed by a list")
  func compaction() async throws {
    try await EtcdCluster.with(1) { cluster in
      try await Relay.with(to: cluster.ports[0]) { relay in
        let writer = try registry(cluster.endpoints)
        let reader = try registry([relay.endpoint]) { $0.silenceLimit = .seconds(30) }
        try await running([writer]) {
          // It lists, and then its watch is held back until etcd has forgotten the revision that it asks for.
          relay.hold(at: "/v3/watch")
          try await running([reader]) {
            try await eventually("the watch is held") { relay.hasHeld }
            for number in 1...5 {
              try writer.publish(dialled("agent\(number)"))
              try await eventually("it is written") { writer.snapshot.rows.count == number }
            }
            _ = try await cluster.ask("kv/compaction", #"{"revision":"\#(try await cluster.revision())"}"#)
            #expect(reader.snapshot.rows.isEmpty)
            #expect(reader.figures.compactions == 0)
            relay.release()
            try await eventually("listed again") { reader.snapshot == writer.snapshot && reader.standing.isSynced }
            #expect(reader.figures.compactions == 1)
            #expect(reader.figures.lists == 2)
          }
        }
      }
    }
  }

  @Test("etcd out of space: nothing is written, and what stands is followed all the same")
  func outOfSpace() async throws {
    // Less than an empty one takes.
    try await EtcdCluster.with(1, arguments: ["--quota-backend-bytes", "1"]) { cluster in
      let refusals = Refusals()
      var settings = EtcdSettings(endpoints: cluster.endpoints)
      settings.leaseTime = .seconds(2)
      let registry = try EtcdRegistry(settings, logger: Logger(label: "test") { _ in refusals })
      try registry.publish(dialled("a"))
      try await running([registry]) {
        try await eventually("refused") { refusals.count.withLock { $0 } == 1 }
        // Some more tries, each of which might end the session.
        try await Task.sleep(for: settings.leaseTime)
        #expect(registry.standing.isSynced)
        #expect(registry.figures.sessions == 1)
        #expect(registry.publication(of: dialled("a").id) == .waiting)
        #expect(refusals.count.withLock { $0 } == 1, "told once, not at each try")
      }
    }
  }

  /// Counts the lines that tell of no space.
  private final class Refusals: LogHandler {
    let count = Mutex(0)
    var metadata: Logger.Metadata {
      get { [:] }
      set {}
    }
    var logLevel: Logger.Level {
      get { .error }
      set {}
    }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { nil }
      set {}
    }

    func log(event: LogEvent) {
      if "\(event.message)".contains("no space") { count.withLock { $0 += 1 } }
    }
  }

  @Test("etcd stopped: the snapshot stays, also for a coordinator that starts meanwhile; started again: all agree")
  func stoppedAndStarted() async throws {
    try await EtcdCluster.with(1) { cluster in
      let path = FileManager.default.temporaryDirectory.appending(path: "scout-snapshot-\(UUID().uuidString)").path
      defer { try? FileManager.default.removeItem(atPath: path) }
      let a = try registry(cluster.endpoints) { $0.snapshotPath = path }
      let b = try registry(cluster.endpoints)
      try a.publish(dialled("a"))
      try b.publish(tunnelled("b", via: "b"))
      try await running([a, b]) {
        try await eventually("both see both") { a.snapshot.rows.count == 2 && b.snapshot == a.snapshot }
        let before = a.snapshot
        try await eventually("the file is written") { (try? SnapshotFile(path: path).read())?.rows == before.rows }
        await cluster.kill(0)
        try await eventually("both are stale") { !a.standing.isSynced && !b.standing.isSynced }
        #expect(a.snapshot == before && b.snapshot == before)
        guard case .stale(since: .some) = a.standing else {
          Issue.record("stale since nothing")
          return
        }
        try a.publish(dialled("meanwhile"))
        #expect(a.publication(of: dialled("meanwhile").id) == .waiting)
        let late = try registry(cluster.endpoints) { $0.snapshotPath = path }
        #expect(late.snapshot.rows == before.rows)
        #expect(late.snapshot.source == .file)
        let all = [a, b, late]
        try await running([late]) {
          var healing = Healing("three coordinators agree after etcd answers again")
          for turn in 1...3 {
            if turn > 1 {
              await cluster.kill(0)
              try await eventually("all are stale") { all.allSatisfy { !$0.standing.isSynced } }
            }
            try cluster.start(0)
            try await cluster.answers(0)
            try await healing.time {
              all.allSatisfy { $0.standing.isSynced && $0.snapshot.rows.count == 3 && $0.snapshot == a.snapshot }
            }
          }
          healing.judge()
        }
      }
    }
  }
}
