import Foundation
import Testing

@testable import Registry

@Suite struct StaticRegistryTests {
  @Test("Rows of the settings stand from the start; what is published comes and goes")
  func publish() async throws {
    let registry = try StaticRegistry([dialled("a")])
    #expect(registry.standing == .synced)
    var changes = registry.snapshots().makeAsyncIterator()
    #expect(await changes.next()?.rows.count == 1)
    try registry.publish(tunnelled("b", via: "me"))
    try registry.publish(tunnelled("c", via: "me", generation: 5))
    try registry.publish(tunnelled("c", via: "me", generation: 4))
    // A slow reader gets the newest only.
    let newest = await changes.next()
    #expect(newest?.rows.count == 3)
    #expect(newest?.rows[tunnelled("c", via: "me").id]?.generation == 5)
    #expect(registry.publication(of: tunnelled("b", via: "me").id) == .stored)
    registry.withdraw(tunnelled("b", via: "me").id)
    registry.withdraw(dialled("a").id)
    #expect(registry.snapshot.rows.keys.sorted() == [dialled("a").id, tunnelled("c", via: "me").id])
  }

  @Test("The fence holds between settings and what is published")
  func fence() throws {
    let registry = try StaticRegistry([dialled("a", generation: 5)])
    try registry.publish(dialled("a", generation: 4))
    #expect(registry.publication(of: dialled("a").id) == .superseded(by: 5))
    #expect(registry.snapshot.rows[dialled("a").id]?.generation == 5)
    try registry.publish(dialled("a", generation: 6))
    #expect(registry.snapshot.rows[dialled("a").id]?.generation == 6)
  }

  @Test("Rows twice or out of bounds are refused")
  func refusals() {
    #expect(throws: RegistryError.self) { try StaticRegistry([dialled("a"), dialled("a")]) }
    #expect(throws: RegistryError.self) { try StaticRegistry([dialled("")]) }
  }

  @Test("Followers end with the hub, and there is a bound to them")
  func hub() async {
    let hub = SnapshotHub(RegistrySnapshot())
    var streams = (0..<SnapshotHub.maxFollowers).map { _ in hub.follow() }
    var refused = hub.follow().makeAsyncIterator()
    #expect(await refused.next() == nil)
    streams.removeAll()
    var follower = hub.follow().makeAsyncIterator()
    #expect(await follower.next() != nil)
    hub.finish()
    #expect(await follower.next() == nil)
  }

  @Test("The snapshot file: owner only, replaced whole, refused when others may write it")
  func file() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "scout-snapshot-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let file = SnapshotFile(path: path)
    #expect(try file.read() == nil)
    for count in [3, 2_000, 0] {
      let rows = (0..<count).map { dialled("agent\($0)") }
      let snapshot = RegistrySnapshot(
        rows: Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) }), revision: 7, source: .etcd)
      try file.write(snapshot)
      let read = try #require(try file.read())
      #expect(read.rows == snapshot.rows && read.revision == 7 && read.source == .file)
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o600)
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o622], ofItemAtPath: path)
    #expect(throws: RegistryError.self) { try file.read() }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    for text in ["", "{}", #"{"version":2,"revision":1,"rows":[]}"#, #"{"version":1,"revision":1,"rows":[{}]}"#] {
      try Data(text.utf8).write(to: URL(filePath: path))
      #expect(throws: RegistryError.self) { try file.read() }
    }
    #expect(throws: RegistryError.self) { try SnapshotFile(path: "/proc/none/x").write(RegistrySnapshot()) }
  }
}
