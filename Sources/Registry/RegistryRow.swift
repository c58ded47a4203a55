/// Where one agent is and how it is reached. A value.
///
/// Slow facts only: what a coordinator must know to open or find a link. Latency and load never stand here.
package struct RegistryRow: Sendable, Hashable {
  /// How the link to the agent comes about. A value.
  package enum Way: Sendable, Hashable {
    /// A coordinator connects to one of the row's addresses.
    case dialled
    /// The agent has connected to this coordinator, and is called over that connection.
    case tunnelled(coordinator: String)
  }

  /// What tells rows apart: one for each agent and way, so that two coordinators with a tunnel to the same agent never
  /// write the same row. A value.
  package struct ID: Sendable, Hashable {
    package let segment: String
    package let agent: String
    package let way: Way

    package init(segment: String, agent: String, way: Way) {
      self.segment = segment
      self.agent = agent
      self.way = way
    }
  }

  package let id: ID
  /// URLs to dial, best first: `https://HOST:PORT`, or `http://` on loopback. 1 to `maxAddresses` when dialled, none else.
  package var addresses: [String]
  /// The version of the agents' protocol that the agent speaks.
  package var protocolVersion: Int
  /// The fence: a row never replaces one with a greater generation. The writer counts it upward, for instance by the
  /// milliseconds since 1970 at which the agent (dialled) or its tunnel (tunnelled) started.
  package var generation: UInt64
  /// A digest of the agent's host inventory: equal digests, equal inventories.
  package var inventoryDigest: String?

  package static let maxNameBytes = 128
  package static let maxAddresses = 16
  package static let maxAddressBytes = 256

  package init(
    segment: String, agent: String, way: Way, addresses: [String] = [], protocolVersion: Int, generation: UInt64,
    inventoryDigest: String? = nil
  ) {
    id = ID(segment: segment, agent: agent, way: way)
    self.addresses = addresses
    self.protocolVersion = protocolVersion
    self.generation = generation
    self.inventoryDigest = inventoryDigest
  }

  /// Throws `.invalid` where a part is outside its bounds. Every row that is stored or read passes here.
  package func validate() throws(RegistryError) {
    try Self.validate(name: id.segment, "segment")
    try Self.validate(name: id.agent, "agent")
    if case .tunnelled(let coordinator) = id.way { try Self.validate(name: coordinator, "coordinator") }
    if let inventoryDigest { try Self.validate(name: inventoryDigest, "inventory digest") }
    guard (1...Int(UInt16.max)).contains(protocolVersion) else {
      throw RegistryError(.invalid, "protocol version \(protocolVersion) is not 1 to 65535")
    }
    let wanted = id.way == .dialled ? 1...Self.maxAddresses : 0...0
    guard wanted.contains(addresses.count) else {
      throw RegistryError(
        .invalid, "\(addresses.count) addresses; \(wanted.lowerBound) to \(wanted.upperBound) are allowed")
    }
    for address in addresses where !Self.isAddress(address) {
      throw RegistryError(.invalid, "an address is not https://HOST:PORT of at most \(Self.maxAddressBytes) bytes")
    }
  }

  private static func validate(name: String, _ what: String) throws(RegistryError) {
    guard (1...maxNameBytes).contains(name.utf8.count), name.unicodeScalars.allSatisfy({ !isControl($0) }) else {
      throw RegistryError(.invalid, "the \(what) is not 1 to \(maxNameBytes) bytes without control characters")
    }
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }

  private static func isAddress(_ text: String) -> Bool {
    guard text.utf8.count <= maxAddressBytes, let scheme = ["https://", "http://"].first(where: text.hasPrefix) else {
      return false
    }
    return text.utf8.count > scheme.utf8.count && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}

extension RegistryRow.ID: Comparable {
  package static func < (left: Self, right: Self) -> Bool { left.order < right.order }

  private var order: (String, String, Int, String) {
    switch way {
    case .dialled: (segment, agent, 0, "")
    case .tunnelled(let coordinator): (segment, agent, 1, coordinator)
    }
  }
}
