/// What it would cost to ask one agent now, term by term. A value that can be shown to a person.
///
/// `(max(latency, oldest) + connect) * (in flight + 1)`: Peak-EWMA's cost with the age of the oldest outstanding attempt,
/// which notices a stall before any answer does, and with the price of a cold connection, which keeps a host where it is
/// warm.
package struct RouteCost: Sendable, Hashable {
  /// The price of a newcomer that is being tried: it gets one request at a time until it has answered.
  package static let untried = 1_000.0
  /// Below this an estimate is noise; idle agents are told apart by what they have in flight.
  package static let leastLatency = 0.000_1

  /// The latency estimate at present, decayed; nil: never asked.
  package var latency: Double?
  /// How long the oldest outstanding attempt has waited, beyond what hosts take.
  package var oldest: Double
  /// What making a connection costs; nil where the agent's is warm.
  package var connect: Double?
  package var inFlight: Int

  package init(latency: Double?, oldest: Double = 0, connect: Double? = nil, inFlight: Int) {
    self.latency = latency
    self.oldest = oldest
    self.connect = connect
    self.inFlight = inFlight
  }

  /// Seconds; lower is better.
  package var total: Double {
    guard let latency else {
      return (inFlight == 0 ? 0 : Self.untried + Double(inFlight)) + (connect ?? 0)
    }
    return (max(latency, oldest, Self.leastLatency) + (connect ?? 0)) * Double(inFlight + 1)
  }

  package var isWarm: Bool { connect == nil }
}
