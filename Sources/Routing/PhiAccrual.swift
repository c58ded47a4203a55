/// How unlikely an agent's silence is, from the rhythm of its heartbeats. A value.
///
/// `phi` is the negative decimal logarithm of the chance that the next heartbeat is merely late: 5 means 1 in 100 000.
/// Hayashibara et al. 2004, in Akka's form: normal distribution by logistic approximation, a least deviation, and a pause
/// that is always accepted. The instants at which a threshold is reached are worked out once per heartbeat, so that a
/// choice only compares.
package struct PhiAccrual: Sendable, Hashable {
  /// Intervals remembered.
  private static let window = 100.0

  private let settings: PhiSettings
  private var count = 0.0
  private var mean: Double
  private var squares = 0.0
  /// The last heartbeat; nil before the first.
  package private(set) var last: Timestamp?

  package init(_ settings: PhiSettings) {
    self.settings = settings
    mean = settings.interval.inSeconds
  }

  package mutating func heartbeat(now: Timestamp) {
    if let last {
      // A long silence that ended teaches nothing about the rhythm.
      let interval = min(now.seconds(since: last), (settings.interval + settings.pause).inSeconds * 2)
      count = min(count + 1, Self.window)
      let delta = interval - mean
      mean += delta / count
      squares += (delta * (interval - mean) - squares) / count
    }
    last = now
  }

  /// - Parameter lateness: how much slower than meant the observer itself runs, from `OwnLateness`; 1 for not at all.
  package func phi(now: Timestamp, lateness: Double = 1) -> Double {
    guard let last else { return 0 }
    let silence = now.seconds(since: last) / lateness
    let y = (silence - expected) / deviation
    let e = exponential(-y * (1.5976 + 0.070566 * y * y))
    return y > 0 ? -decimalLogarithm(e / (1 + e)) : -decimalLogarithm(1 - 1 / (1 + e))
  }

  /// When phi reaches `threshold` (at least 1), should no heartbeat come; nil before the first one.
  package func reaches(_ threshold: Double, lateness: Double = 1) -> Timestamp? {
    guard let last else { return nil }
    return last.advanced(bySeconds: (expected + deviation * Self.deviations(threshold)) * lateness)
  }

  private var expected: Double { mean + settings.pause.inSeconds }
  private var deviation: Double { max(settings.leastDeviation.inSeconds, max(0, squares).squareRoot()) }

  /// Solves `y * (1.5976 + 0.070566 * y^2) = -ln(e)` for the `e` that gives `phi`; Newton's method, exact after four steps or so.
  private static func deviations(_ phi: Double) -> Double {
    let odds = exponential(-phi * 2.302585092994046)
    let target = -naturalLogarithm(odds / (1 - odds))
    var y = max(0.5, phi * 0.7)
    for _ in 0..<6 {
      let excess = y * (1.5976 + 0.070566 * y * y) - target
      y -= excess / (1.5976 + 3 * 0.070566 * y * y)
    }
    return y
  }
}

/// The rhythm that is expected of an agent. A value.
package struct PhiSettings: Sendable, Hashable {
  /// Between heartbeats.
  package var interval: Duration = .milliseconds(500)
  package var leastDeviation: Duration = .milliseconds(100)
  /// A pause that is always accepted.
  package var pause: Duration = .seconds(1)
  /// From this phi on the agent is not chosen.
  package var suspect = 5.0
  /// From this phi on its outstanding requests are given up.
  package var dead = 8.0

  package init() {}
}
