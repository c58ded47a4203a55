/// The pool's figures at one instant. A value.
package struct PoolSnapshot: Sendable {
  /// Connections by state. `occupied` are those that count against the bound.
  package var starting = 0
  package var backingOff = 0
  package var idle = 0
  package var leased = 0
  package var draining = 0
  package var closing = 0
  package var occupied = 0
  package var bound = 0

  /// Leases that are out, tunnels left out; and those of them whose connection is gone and whose holder has not
  /// returned them yet.
  package var leases = 0
  package var orphanedLeases = 0
  /// Leases that are out although the pool has stopped. Must be 0.
  package var leakedLeases = 0
  package var tunnels = 0
  package var openLanes = 0
  /// Requests that wait, and the handshakes that are under way.
  package var waiting = 0
  package var handshakesInFlight = 0
  package var hosts = 0
  package var hostsFailing = 0

  package var counters = PoolCounters()

  /// The share of granted requests that found an open lane at once; nil before the first.
  package var hitRatio: Double? {
    counters.granted == 0 ? nil : Double(counters.hits) / Double(counters.granted)
  }
}

/// What a pool counted since it began. A value.
package struct PoolCounters: Sendable {
  package internal(set) var requests: UInt64 = 0
  package internal(set) var granted: UInt64 = 0
  package internal(set) var hits: UInt64 = 0
  package internal(set) var refused: [RefusalCause: UInt64] = [:]
  package internal(set) var closed: [CloseReason: UInt64] = [:]
  /// Evictions of a connection that had leases. Must be 0.
  package internal(set) var evictedInUse: UInt64 = 0
  /// Leases that came back twice, or that nobody had. Must be 0.
  package internal(set) var strayReturns: UInt64 = 0
  package internal(set) var connectionsMade: UInt64 = 0
  package internal(set) var handshakesFailed: UInt64 = 0
  /// Connections that ended by themselves.
  package internal(set) var connectionsLost: UInt64 = 0
  package internal(set) var occupiedPeak = 0
  package internal(set) var acquireWait = LatencyHistogram()
  /// By phase, as the driver measured it.
  package internal(set) var handshakes: [HandshakePhase: LatencyHistogram] = [:]
}

/// The parts of a cold start, as the driver measures them.
package enum HandshakePhase: String, Sendable, Hashable, CaseIterable {
  case tcp
  case keyExchange = "key_exchange"
  case authentication
  /// All of them.
  case total
}
