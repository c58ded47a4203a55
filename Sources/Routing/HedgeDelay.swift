/// When a second attempt is worth its cost. Stateless; seconds.
///
/// `max(p95, 2 x p50, 5 ms)`. Where the budget pays for fewer than 5 % of the calls, the quantile rises to what it can pay
/// for: hedging at p95 with a budget of 2 % would spend it on the first slow calls instead of the slowest. Dean, Barroso:
/// The Tail at Scale (2013).
package enum HedgeDelay {
  package static let least = 0.005
  /// Hedges wait until a quantile means something.
  package static let samplesNeeded = 100

  /// The share of calls that are answered before they are hedged; nine tenths of the budget are planned for.
  package static func quantile(budget share: Double) -> Double {
    max(0.95, 1 - 0.9 * max(0, share))
  }

  /// nil: too little is known.
  package static func seconds(_ normal: NormalLatency?) -> Double? {
    guard let normal, normal.samples >= samplesNeeded else { return nil }
    return max(normal.hedgeQuantile, 2 * normal.median, least)
  }
}
