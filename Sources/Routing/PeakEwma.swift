/// A latency estimate that believes a bad sample at once and forgets it slowly. A value; seconds.
///
/// Between samples it decays towards 0, so that an agent which is no longer asked is asked again some day. The idea is
/// Finagle's and linkerd2-proxy's Peak-EWMA; the age of the oldest outstanding request (`RouteCost`) is what makes it
/// quick against a stall.
package struct PeakEwma: Sendable, Hashable {
  private var value = 0.0
  private var stamp = Timestamp.zero
  /// A sample was recorded at some time.
  package private(set) var hasHistory = false

  package init() {}

  /// The estimate at `now`, in seconds.
  package func value(now: Timestamp, tau: Double) -> Double {
    value * exponential(-now.seconds(since: stamp) / tau)
  }

  package mutating func record(_ seconds: Double, now: Timestamp, tau: Double) {
    let kept = exponential(-now.seconds(since: stamp) / tau)
    if !hasHistory || seconds > value * kept {
      value = seconds
    } else {
      value = value * kept + seconds * (1 - kept)
    }
    hasHistory = true
    stamp = max(stamp, now)
  }

  /// Takes back what probes have disproved: at most `seconds` from now on.
  package mutating func clamp(to seconds: Double, now: Timestamp, tau: Double) {
    guard value(now: now, tau: tau) > seconds else { return }
    value = seconds
    stamp = max(stamp, now)
  }
}
