/// The pause before a retry: 0.1 s doubling to 1 s, spread by a fifth; the server's own wish comes first. A value.
package struct RetryPause: Sendable, Hashable {
  package var initial = 0.1
  package var cap = 1.0
  package var jitter = 0.2

  package init() {}

  /// - Parameter retry: counted from 1.
  /// - Parameter pushback: how long the server asked to be left alone.
  package func seconds(
    before retry: Int, pushback: Duration? = nil, random: inout some RandomNumberGenerator
  ) -> Double {
    if let pushback { return max(0, pushback.inSeconds) }
    var pause = initial
    for _ in 0..<max(0, min(16, retry - 1)) { pause *= 2 }
    return min(cap, pause) * random.spread(jitter)
  }
}
