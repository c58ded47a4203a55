/// The smoothed round trip and its variation. A value; seconds.
///
/// RFC 6298, section 2: alpha 1/8, beta 1/4. By Karn's rule the caller records only answers to attempts that were the
/// only one of their call: never a retry's, a hedge's or a timeout's.
package struct RttEstimator: Sendable, Hashable {
  private var smoothed = 0.0
  private var variation = 0.0
  package private(set) var hasSample = false

  package init() {}

  package mutating func record(_ seconds: Double) {
    guard hasSample else {
      hasSample = true
      smoothed = seconds
      variation = seconds / 2
      return
    }
    variation = 0.75 * variation + 0.25 * abs(smoothed - seconds)
    smoothed = 0.875 * smoothed + 0.125 * seconds
  }

  /// `SRTT + factor * RTTVAR`: with 4 a moment to hedge, never a timeout (1.4-5 % of lognormal answers come later).
  package func bound(_ factor: Double) -> Double? {
    hasSample ? smoothed + factor * variation : nil
  }
}
