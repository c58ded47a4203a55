import Foundation
import Testing

@testable import Registry

@Suite struct RowTests {
  private static let longest = String(repeating: "n", count: RegistryRow.maxNameBytes)

  @Test("Bounds of a row's parts")
  func bounds() {
    func row(
      _ segment: String = "s", _ agent: String = "a", _ way: RegistryRow.Way = .dialled,
      _ addresses: [String] = ["https://h:1"], proto: Int = 1, digest: String? = nil
    ) -> RegistryRow {
      RegistryRow(
        segment: segment, agent: agent, way: way, addresses: addresses, protocolVersion: proto, generation: 1,
        inventoryDigest: digest)
    }
    let table: [(RegistryRow, isAllowed: Bool)] = [
      (row(), true), (row(Self.longest), true), (row(Self.longest + "n"), false), (row(""), false),
      (row("s", ""), false), (row("s", "a\n"), false), (row("s", "a\u{202E}"), false), (row("süd/%"), true),
      (row("s", "a", .tunnelled(coordinator: "c"), []), true), (row("s", "a", .tunnelled(coordinator: ""), []), false),
      (row("s", "a", .tunnelled(coordinator: "c")), false), (row("s", "a", .dialled, []), false),
      (row("s", "a", .dialled, Array(repeating: "http://h:1", count: 16)), true),
      (row("s", "a", .dialled, Array(repeating: "http://h:1", count: 17)), false),
      (row("s", "a", .dialled, ["ftp://h"]), false), (row("s", "a", .dialled, ["https://"]), false),
      (row("s", "a", .dialled, ["https://h h"]), false),
      (row("s", "a", .dialled, ["https://" + String(repeating: "h", count: 249)]), false),
      (row(proto: 0), false), (row(proto: 65_536), false), (row(digest: ""), false), (row(digest: Self.longest), true),
    ]
    for (row, isAllowed) in table {
      #expect(((try? row.validate()) != nil) == isAllowed, "\(row)")
      #expect(((try? RowCodec.encode(row)) != nil) == isAllowed)
    }
  }

  @Test("The largest row fits, escaped as JSON")
  func largest() throws {
    let name = String(repeating: "\"", count: RegistryRow.maxNameBytes)
    let address = "https://" + String(repeating: "\\", count: RegistryRow.maxAddressBytes - 8)
    let row = RegistryRow(
      segment: name, agent: name, way: .dialled, addresses: Array(repeating: address, count: RegistryRow.maxAddresses),
      protocolVersion: 65_535, generation: .max, inventoryDigest: name)
    let data = try RowCodec.encode(row)
    #expect(data.count <= RowCodec.maxBytes)
    #expect(try RowCodec.decode(data) == row)
  }

  @Test("What is written is read; keys of a later release are ignored; anything else is refused")
  func codec() throws {
    let rows = [dialled("a", generation: .max, digest: "d"), tunnelled("ü/%\"", via: "c d")]
    for row in rows { #expect(try RowCodec.decode(try RowCodec.encode(row)) == row) }
    let later = #"{"segment":"s","agent":"a","via":"c","proto":2,"generation":3,"colour":{"x":1}}"#
    #expect(try RowCodec.decode(Data(later.utf8)).generation == 3)
    let refused = [
      "", "[]", "{}", #"{"segment":"s","agent":"a","via":"c","proto":2,"generation":-1}"#,
      #"{"segment":"s","agent":"a","proto":2,"generation":1}"#,
      #"{"segment":"","agent":"a","via":"c","proto":2,"generation":1}"#,
      later + String(repeating: " ", count: RowCodec.maxBytes),
    ]
    for text in refused { #expect(throws: RegistryError.self) { try RowCodec.decode(Data(text.utf8)) } }
  }

  @Test("Keys keep to their place, and a row stands under its own only")
  func keys() throws {
    let keys = EtcdKeys(prefix: "/p/")
    let odd = RegistryRow.ID(segment: "../x", agent: "a/b", way: .tunnelled(coordinator: "ü~1"))
    #expect(String(decoding: keys.key(of: odd), as: UTF8.self) == "/p/v1/agents/..%2Fx/a%2Fb/via:%C3%BC~1")
    #expect(
      String(decoding: keys.key(of: dialled("a", segment: "s").id), as: UTF8.self) == "/p/v1/agents/s/a/dial")
    #expect(String(decoding: keys.end, as: UTF8.self) == "/p/v1/agents0")
    let value = try RowCodec.encode(dialled("a"))
    #expect(try keys.row(EtcdPair(key: keys.key(of: dialled("a").id), value: value)) == dialled("a"))
    #expect(throws: RegistryError.self) {
      try keys.row(EtcdPair(key: keys.key(of: dialled("b").id), value: value))
    }
  }

  @Test("What became of the rows between two snapshots")
  func differences() {
    func snapshot(_ rows: RegistryRow...) -> RegistrySnapshot {
      RegistrySnapshot(rows: Dictionary(uniqueKeysWithValues: rows.map { ($0.id, $0) }), revision: 1)
    }
    let earlier = snapshot(dialled("a"), dialled("b"), dialled("c"))
    let later = snapshot(dialled("b", generation: 2), dialled("c"), dialled("d"))
    let difference = later.difference(from: earlier)
    #expect(difference.appeared == [dialled("d")])
    #expect(difference.changed == [dialled("b", generation: 2)])
    #expect(difference.gone == [dialled("a").id])
    #expect(later.difference(from: later).isEmpty)
  }
}
