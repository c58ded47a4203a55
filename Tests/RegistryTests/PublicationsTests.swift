import Foundation
import Testing

@testable import Registry

/// Writers against a model of etcd: every one decides by a view that lags.
@Suite struct PublicationsTests {
  /// etcd's keys, revisions and leases, in memory. A value.
  private struct Model {
    var rows: [Data: EtcdView.Held] = [:]
    var revision: Int64 = 1
    var history: [EtcdWatchAnswer.Event] = []

    mutating func transact(_ batch: [(key: Data, change: Publications.Change)], lease: Int64) throws -> Bool {
      let isAllowed = batch.allSatisfy { key, change in
        switch change {
        case .put(_, let over): (rows[key]?.modRevision ?? 0) == over
        case .delete: rows[key]?.lease == lease
        }
      }
      guard isAllowed else { return false }
      revision += 1
      for (key, change) in batch {
        switch change {
        case .put(let row, _):
          // The promise of the fence.
          #expect(rows[key].map { $0.row.generation <= row.generation } ?? true)
          rows[key] = EtcdView.Held(row: row, modRevision: revision, lease: lease)
          history.append(try event(key))
        case .delete: remove(key)
        }
      }
      return true
    }

    mutating func end(lease: Int64) {
      revision += 1
      for (key, held) in rows where held.lease == lease { remove(key) }
    }

    private mutating func remove(_ key: Data) {
      rows[key] = nil
      history.append(
        EtcdWatchAnswer.Event(type: "DELETE", kv: EtcdPair(key: key, modRevision: EtcdInteger(revision))))
    }

    private func event(_ key: Data) throws -> EtcdWatchAnswer.Event {
      let held = try #require(rows[key])
      return EtcdWatchAnswer.Event(
        kv: EtcdPair(
          key: key, value: try RowCodec.encode(held.row), modRevision: EtcdInteger(held.modRevision),
          lease: EtcdInteger(held.lease)))
    }
  }

  private struct Writer {
    var view: EtcdView
    var publications = Publications(maxRows: 100)
    var lease: Int64
    var read = 0

    mutating func turn(_ model: inout Model) throws -> Bool {
      let batch = publications.nextBatch(view, lease: lease)
      if batch.isEmpty { return false }
      if try model.transact(batch, lease: lease) {
        publications.succeeded(batch, revision: model.revision, lease: lease)
      } else {
        let standing = Dictionary(
          uniqueKeysWithValues: batch.compactMap { entry in
            model.rows[entry.key].map { (entry.key, Optional($0)) }
          })
        publications.refused(batch, standing: standing, revision: model.revision, lease: lease)
      }
      return true
    }

    mutating func listen(_ model: Model, upTo end: Int) throws {
      guard end > read else { return }
      _ = try view.happened(Array(model.history[read..<end]))
      publications.viewChanged(revision: view.revision)
      read = end
    }
  }

  @Test("No row is ever replaced by an older one, and all is settled in the end", arguments: 0..<40)
  func randomWriters(seed: UInt64) throws {
    var random = Seeded(state: seed)
    let keys = EtcdKeys(prefix: "/p/")
    var model = Model()
    var nextLease: Int64 = 10
    var writers = (1...3).map { Writer(view: EtcdView(keys: keys, maxRows: 100), lease: Int64($0)) }
    let names = ["a", "b", "c", "d"]
    for _ in 0..<400 {
      let which = Int.random(in: 0..<3, using: &random)
      let name = names.randomElement(using: &random) ?? "a"
      switch Int.random(in: 0..<10, using: &random) {
      case 0...2:
        let row = dialled(
          name, generation: .random(in: 1...9, using: &random), digest: "\(Int.random(in: 0...1, using: &random))")
        try writers[which].publications.published(row, key: keys.key(of: row.id))
      case 3: writers[which].publications.withdrew(keys.key(of: dialled(name).id))
      case 4:
        model.end(lease: writers[which].lease)
        nextLease += 1
        writers[which].lease = nextLease
      case 5...6:
        let end = Int.random(in: writers[which].read...model.history.count, using: &random)
        try writers[which].listen(model, upTo: end)
      default: _ = try writers[which].turn(&model)
      }
    }
    var turns = 0
    var hasChanged = true
    while hasChanged, turns < 100 {
      turns += 1
      hasChanged = false
      for index in writers.indices {
        try writers[index].listen(model, upTo: model.history.count)
        if try writers[index].turn(&model) { hasChanged = true }
      }
    }
    #expect(turns < 100, "seed \(seed)")
    for writer in writers {
      #expect(writer.view.held == model.rows, "seed \(seed)")
      for (key, row) in writer.publications.wanted {
        let standing = try #require(model.rows[key], "seed \(seed)")
        #expect(standing.row.generation >= row.generation, "seed \(seed)")
        #expect(writer.publications.publication(key, writer.view, lease: writer.lease) != .waiting, "seed \(seed)")
      }
    }
    let wanted = Set(writers.flatMap { $0.publications.wanted.keys })
    #expect(Set(model.rows.keys).isSubset(of: wanted), "seed \(seed): what nobody wants is gone")
  }

  @Test("What cannot be read is left alone")
  func unreadable() throws {
    let keys = EtcdKeys(prefix: "/p/")
    let key = keys.key(of: dialled("a").id)
    let view = EtcdView(keys: keys, maxRows: 10)
    var publications = Publications(maxRows: 1)
    try publications.published(dialled("a"), key: key)
    #expect(throws: RegistryError.self) { try publications.published(dialled("b"), key: Data([1])) }
    let batch = publications.nextBatch(view, lease: 1)
    #expect(batch.map(\.change) == [.put(dialled("a"), over: 0)])
    publications.refused(batch, standing: [key: EtcdView.Held?.none], revision: 5, lease: 1)
    #expect(publications.nextBatch(view, lease: 1).isEmpty)
    #expect(publications.publication(key, view, lease: 1) == .superseded(by: .max))
    #expect(publications.publication(key, view, lease: nil) == .waiting)
  }
}
