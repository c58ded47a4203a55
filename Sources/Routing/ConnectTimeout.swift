/// How long the phases of a connection to a host may take. Stateless; seconds.
package enum ConnectTimeout {
  /// What an attempt on a cold host is granted beyond its own timeout while nothing is known.
  package static let withoutSamples = 10.0
  package static let leastTCP = 1.0
  package static let leastHandshake = 3.0

  /// `clamp(4 x RTO, 1 s, 5 s)`, the retransmission timeout as in RFC 6298.
  package static func tcp(_ rtt: RttEstimator) -> Double {
    guard let timeout = rtt.bound(4) else { return 5 }
    return min(5, max(leastTCP, 4 * timeout))
  }

  /// Key exchange and authentication: `clamp(2 x p99.9, 3 s, 15 s)`.
  package static func handshake(_ normal: NormalLatency?) -> Double {
    guard let normal, normal.samples >= AttemptTimeout.samplesNeeded else { return 15 }
    return min(15, max(leastHandshake, 2 * normal.extreme))
  }
}
