import Foundation
import Testing

@testable import Registry

/// What decides without I/O: the wire, the view, the fence.
@Suite struct EtcdPureTests {
  private let keys = EtcdKeys(prefix: "/p/")

  private func pair(_ row: RegistryRow, at revision: Int64, lease: Int64 = 1) throws -> EtcdPair {
    EtcdPair(
      key: keys.key(of: row.id), value: try RowCodec.encode(row), modRevision: EtcdInteger(revision),
      lease: EtcdInteger(lease))
  }
  private func put(_ row: RegistryRow, at revision: Int64) throws -> EtcdWatchAnswer.Event {
    EtcdWatchAnswer.Event(type: nil, kv: try pair(row, at: revision))
  }
  private func delete(_ row: RegistryRow, at revision: Int64) -> EtcdWatchAnswer.Event {
    EtcdWatchAnswer.Event(
      type: "DELETE", kv: EtcdPair(key: keys.key(of: row.id), modRevision: EtcdInteger(revision)))
  }

  @Test("Answers as etcd 3.4 gives them")
  func wire() throws {
    func line(_ text: String) throws -> EtcdLine<EtcdWatchAnswer> { try EtcdClient.decode(Data(text.utf8)) }
    let header = #""header":{"cluster_id":"13455796455940752355","member_id":"4","revision":"3","raft_term":"2"}"#
    #expect(try line("{\"result\":{\(header),\"created\":true}}").result?.created == true)
    #expect(try line("{\"result\":{\(header),\"watch_id\":\"-1\"}}").result?.events == nil)
    let gone = try line(
      #"{"result":{"events":[{"type":"DELETE","kv":{"key":"YS8x","mod_revision":"3"}},{"kv":{"key":"YQ=="}}]}}"#)
    #expect(gone.result?.events?.map(\.type) == ["DELETE", nil])
    #expect(gone.result?.events?.first?.kv.modRevision?.value == 3)
    #expect(
      try line(#"{"result":{"canceled":true,"compact_revision":"2"}}"#).result?.compactRevision?.value == 2)
    let failed = try line(#"{"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader"}}"#)
    #expect(failed.error?.asError == RegistryError(.unreachable, "etcdserver: no leader"))
    for text in ["", "{", #"{"result":{"compact_revision":"x"}}"#, #"{"result":{"events":[{"kv":{"key":"%"}}]}}"#] {
      #expect(throws: RegistryError.self) { try line(text) }
    }
    let codes: [(Int, RegistryError.Code)] = [
      (3, .refused), (4, .unreachable), (5, .leaseLost), (7, .forbidden), (8, .unreachable), (11, .compacted),
      (14, .unreachable), (16, .unreachable), (99, .refused),
    ]
    #expect(EtcdFailure(message: "etcdserver: mvcc: database space exceeded", code: 8).asError.code == .noSpace)
    for (code, expected) in codes { #expect(EtcdFailure(message: nil, code: code).asError.code == expected) }
  }

  @Test(
    "Endpoints have a port that there is, or none, and no password",
    arguments: [
      ("http://h:2379", true), ("http://h", true), ("http://[::1]:2379", true), ("http://[::1]", true),
      ("http://h:0", false), ("http://h:65536", false), ("http://h:x", false), ("http://h:", false),
      ("http://user:secret@h:2379", false),
    ])
  func ports(endpoint: String, isValid: Bool) {
    let settings = EtcdSettings(endpoints: [endpoint])
    #expect(((try? settings.validate()) != nil) == isValid)
  }

  @Test("Lines are the same however the bytes are cut, and bounded")
  func lines() throws {
    let text = Array("one\n\ntwo\n{\"three\":3}\nrest".utf8)
    for size in 1...text.count {
      var collector = LineCollector(maxBytes: 16)
      var lines: [[UInt8]] = []
      for start in stride(from: 0, to: text.count, by: size) {
        lines += try collector.take(text[start..<min(start + size, text.count)])
      }
      #expect(lines.map { String(decoding: $0, as: UTF8.self) } == ["one", "two", "{\"three\":3}"])
    }
    var collector = LineCollector(maxBytes: 4)
    #expect(try collector.take(Array("1234".utf8)).isEmpty)
    #expect(throws: RegistryError.self) { try collector.take(Array("5".utf8)) }
  }

  @Test("Events change the view in the order of etcd's revisions, late and double ones do not")
  func events() throws {
    var view = EtcdView(keys: keys, maxRows: 3)
    try view.listed([pair(dialled("a"), at: 5), pair(dialled("b"), at: 8)], revision: 10)
    #expect(view.snapshot.rows.count == 2 && view.revision == 10)
    let table: [(EtcdWatchAnswer.Event, changes: Bool, rows: Int, revision: Int64)] = [
      (try put(dialled("a", generation: 2), at: 11), true, 2, 11),
      (try put(dialled("a", generation: 2), at: 11), false, 2, 11),
      (try put(dialled("a", generation: 1), at: 5), false, 2, 11),
      (try put(dialled("a", generation: 2), at: 12), false, 2, 12),
      (delete(dialled("a"), at: 11), false, 2, 12),
      (delete(dialled("a"), at: 13), true, 1, 13),
      (delete(dialled("a"), at: 13), false, 1, 13),
      (try put(dialled("c"), at: 14), true, 2, 14),
      // A row that cannot be read any more is gone.
      (
        EtcdWatchAnswer.Event(kv: EtcdPair(key: keys.key(of: dialled("c").id), modRevision: EtcdInteger(15))), true, 1,
        15
      ),
    ]
    for (number, step) in table.enumerated() {
      #expect(try view.happened([step.0]) == step.changes, "step \(number)")
      #expect(view.snapshot.rows.count == step.rows && view.held.count == step.rows, "step \(number)")
      #expect(view.revision == step.revision)
    }
    #expect(view.skipped == 1)
    #expect(throws: RegistryError.self) {
      _ = try view.happened(try ["d", "e", "f"].enumerated().map { try put(dialled($1), at: 20 + Int64($0)) })
    }
    #expect(throws: RegistryError.self) {
      try view.listed(try ["a", "b", "c", "d"].map { try pair(dialled($0), at: 1) }, revision: 1)
    }
  }

  @Test("The fence's table")
  func fence() {
    func held(_ generation: UInt64, lease: Int64, digest: String? = nil) -> EtcdView.Held {
      EtcdView.Held(row: dialled("a", generation: generation, digest: digest), modRevision: 40, lease: lease)
    }
    let table: [(EtcdView.Held?, WriteDecision)] = [
      (nil, .write(over: 0)), (held(4, lease: 1), .write(over: 40)), (held(4, lease: 2), .write(over: 40)),
      (held(5, lease: 1), .stored), (held(5, lease: 2), .leave), (held(5, lease: 1, digest: "d"), .write(over: 40)),
      (held(5, lease: 2, digest: "d"), .leave), (held(6, lease: 1), .superseded(by: 6)),
      (held(6, lease: 2), .superseded(by: 6)),
    ]
    for (standing, decision) in table {
      #expect(WriteDecision(dialled("a", generation: 5), over: standing, lease: 1) == decision)
    }
  }

  @Test("Pauses grow to the longest and begin again")
  func pauses() {
    var pause = ReconnectPause(longest: .milliseconds(250))
    #expect((0..<6).map { _ in pause.failed(chance: 1) } == [20, 40, 80, 160, 250, 250].map { .milliseconds($0) })
    #expect(pause.failed(chance: 0) == .milliseconds(125))
    pause.succeeded()
    #expect(pause.failed(chance: 0) == .milliseconds(10))
  }

  @Test("Settings out of bounds are named")
  func settings() {
    func refuses(_ endpoints: [String] = ["http://h:1"], _ change: (inout EtcdSettings) -> Void = { _ in }) -> Bool {
      var settings = EtcdSettings(endpoints: endpoints)
      change(&settings)
      return (try? settings.validate()) == nil
    }
    #expect(!refuses() && !refuses(["https://[::1]:2379", "http://h"]))
    #expect(refuses([]) && refuses(["h:1"]) && refuses(["http://h/x"]) && refuses(["https://"]))
    #expect(refuses { $0.leaseTime = .seconds(1) } && refuses { $0.maxRows = 0 } && refuses { $0.prefix = "x" })
    #expect(refuses { $0.silenceLimit = .milliseconds(300) } && refuses { $0.connectTimeout = .zero })
    #expect(refuses { $0.tls = EtcdSettings.TLS(certificateChain: "c") })
  }
}
