/// Growing pauses between attempts: `initial * factor^n`, capped, spread by `jitter` to both sides. A value.
package struct Backoff: Sendable, Hashable {
  package var initial: Duration
  package var factor: Double
  /// The share by which a pause is spread: 0.2 makes 100 ms into 80...120 ms.
  package var jitter: Double
  package var cap: Duration

  package init(initial: Duration, factor: Double, jitter: Double, cap: Duration) {
    self.initial = initial
    self.factor = factor
    self.jitter = jitter
    self.cap = cap
  }

  /// The pause after the `failures`-th failure in a row, counted from 1.
  package func pause(after failures: Int, random: inout SplitMix64) -> Duration {
    var pause = initial
    var step = 1
    while step < failures && pause < cap {
      pause = pause * factor
      step += 1
    }
    return min(pause, cap) * random.spread(jitter)
  }
}
