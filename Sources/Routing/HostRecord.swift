/// One host as the router knows it. A value.
struct HostRecord: Sendable {
  var generation: UInt32
  var name: String
  var hash: UInt64
  /// Who advertises it, in rendezvous order.
  var routes: [Route]
  var breaker = HostBreaker()
}

/// An agent's way to a host. A value of 8 bytes: there is one for every pair.
struct Route: Sendable {
  let agent: UInt16
  /// A connection stands, as far as is known.
  var isWarm: Bool
  /// Seconds; what connections took, or a penalty after the host failed through this agent; 0: none seen.
  var connect: Float = 0

  /// A host that just failed through this agent is rather asked through another.
  static let failedPenalty: Float = 5
}

/// A host that an agent advertises. A value.
package struct AdvertisedHost: Sendable, Hashable {
  /// Unique over all agents: two agents that give the same name mean the same host.
  package var name: String
  /// The agent holds a connection to it; nil: it does not say, and what was known stays.
  package var isWarm: Bool?

  package init(_ name: String, isWarm: Bool? = nil) {
    self.name = name
    self.isWarm = isWarm
  }
}
