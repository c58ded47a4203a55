import FoundationEssentials

/// Rows as JSON, for the store and for the snapshot file. A value without state.
///
/// Keys that are not known are ignored, so that a later release can add some; what is out of bounds is refused.
enum RowCodec {
  /// The longest encoded row. The bounds of a row's parts, all of them escaped, stay below it.
  static let maxBytes = 16 * 1024

  /// A row as it is written. A value.
  struct Written: Codable {
    var segment: String
    var agent: String
    /// Absent when dialled.
    var via: String?
    var addresses: [String]?
    var proto: Int
    var generation: UInt64
    var inventory: String?

    init(_ row: RegistryRow) {
      segment = row.id.segment
      agent = row.id.agent
      if case .tunnelled(let coordinator) = row.id.way { via = coordinator }
      addresses = row.addresses.isEmpty ? nil : row.addresses
      proto = row.protocolVersion
      generation = row.generation
      inventory = row.inventoryDigest
    }

    func row() throws(RegistryError) -> RegistryRow {
      let row = RegistryRow(
        segment: segment, agent: agent, way: via.map { .tunnelled(coordinator: $0) } ?? .dialled,
        addresses: addresses ?? [], protocolVersion: proto, generation: generation, inventoryDigest: inventory)
      try row.validate()
      return row
    }
  }

  static func encode(_ row: RegistryRow) throws(RegistryError) -> Data {
    try row.validate()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(Written(row))
    } catch {
      throw RegistryError(.invalid, "the row cannot be encoded: \(error)")
    }
  }

  static func decode(_ data: Data) throws(RegistryError) -> RegistryRow {
    guard data.count <= maxBytes else { throw RegistryError(.malformed, "a row of \(data.count) bytes") }
    let written: Written
    do {
      written = try JSONDecoder().decode(Written.self, from: data)
    } catch {
      throw RegistryError(.malformed, "a row is not what it should be: \(error)")
    }
    return try written.row()
  }
}
