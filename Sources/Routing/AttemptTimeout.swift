/// How long one attempt may take. Stateless; seconds.
///
/// `max(SRTT + 8 RTTVAR, 2 x p99.9)` between 250 ms and 30 s from 200 samples on, before that a fixed 5 s. Timeouts in a
/// row without any answer double it, as RFC 6298 (5.5) backs off: a window that only answers enter would never learn that
/// everything has become slower.
package enum AttemptTimeout {
  package static let least = 0.25
  package static let most = 30.0
  package static let withoutSamples = 5.0
  package static let samplesNeeded = 200

  /// - Parameter remaining: of the call's budget; the result is never above it.
  package static func seconds(
    rtt: RttEstimator, normal: NormalLatency?, timeoutsInRow: Int, remaining: Double
  ) -> Double {
    min(remaining, ownSeconds(rtt: rtt, normal: normal, timeoutsInRow: timeoutsInRow))
  }

  /// As `seconds`, the call's own budget left out.
  package static func ownSeconds(rtt: RttEstimator, normal: NormalLatency?, timeoutsInRow: Int) -> Double {
    guard let normal, normal.samples >= samplesNeeded else { return withoutSamples }
    var timeout = max(rtt.bound(8) ?? 0, 2 * normal.extreme, least)
    // One agent that hangs causes a few timeouts between the others' answers; only an unbroken row counts.
    for _ in 0..<max(0, min(8, timeoutsInRow / 4)) { timeout *= 2 }
    return min(most, timeout)
  }
}
