/// What one kind of operation normally takes in one zone: quantiles, estimators, timeouts and the hedge delay made of
/// them. A value; refreshed once a second.
struct LatencyProfile: Sendable {
  private(set) var window: LatencyWindow
  private(set) var rtt = RttEstimator()
  /// Of the parts that hosts took, as agents report them: what is not the agent's doing.
  private(set) var hostTime = 0.0
  /// Attempts that timed out since the last one that was answered.
  private(set) var timeoutsInRow = 0
  /// p50, p95, the quantile that the hedge budget can pay for, p99.9; nil before the first refresh with samples.
  private(set) var normal: NormalLatency?
  private var refreshed: Timestamp?

  init() {
    window = LatencyWindow()
  }

  /// - Parameter isSole: the attempt was the only one of its call (Karn's rule).
  mutating func answered(_ seconds: Double, host: Double, isSole: Bool, now: Timestamp) {
    window.record(seconds, now: now)
    if isSole { rtt.record(seconds) }
    hostTime += (host - hostTime) * 0.1
    timeoutsInRow = 0
  }

  /// A hedge's loser took at least this long; left out, the slow ones would be missing from the quantiles.
  mutating func cancelledAsLoser(after seconds: Double, now: Timestamp) {
    window.record(seconds, now: now)
  }

  mutating func timedOut() { timeoutsInRow += 1 }

  /// Brings the quantiles up to date if the last time is a second ago.
  mutating func refresh(hedgeShare: Double, now: Timestamp) {
    if let refreshed, now.seconds(since: refreshed) < 1 { return }
    refreshed = now
    window.advance(now)
    let affordable = HedgeDelay.quantile(budget: hedgeShare)
    guard let found = window.quantiles([0.5, affordable, max(affordable, 0.999)]) else {
      normal = nil
      return
    }
    normal = NormalLatency(samples: window.count, median: found[0], hedgeQuantile: found[1], extreme: found[2])
  }
}

/// What is normal for an operation. A value; seconds.
package struct NormalLatency: Sendable, Hashable {
  /// In the last 30 s.
  package let samples: Int
  package let median: Double
  /// p95, or higher where the hedge budget pays for fewer than 5 %.
  package let hedgeQuantile: Double
  /// p99.9.
  package let extreme: Double

  package init(samples: Int, median: Double, hedgeQuantile: Double, extreme: Double) {
    self.samples = samples
    self.median = median
    self.hedgeQuantile = hedgeQuantile
    self.extreme = extreme
  }
}
