/// How long an agent waits before it dials a coordinator again: full jitter over a bound that is as long as the trouble has lasted so far.
/// A value.
///
/// So many agents spread over that time, none waits longer after an outage than the outage itself took (or twice `first`, where that
/// is longer), and a long one costs few attempts. With a bound that doubles for each attempt instead, an agent that drew short pauses is
/// punished for it: of 200, one or two came back a quarter of a minute after an outage of two seconds.
struct ReconnectBackoff {
  typealias Instant = ContinuousClock.Instant

  /// The bound of the first pause; later ones have twice as much at least.
  let first: Duration
  let longest: Duration
  /// A tunnel that stood so long ends the trouble; a shorter one does not.
  let stableAfter: Duration
  /// When the first tunnel was lost, or not made, since one was stable.
  private var began: Instant?

  init(first: Duration, longest: Duration, stableAfter: Duration) {
    self.first = first
    self.longest = longest
    self.stableAfter = stableAfter
  }

  /// The pause after an attempt that failed, or after a tunnel that ended.
  ///
  /// - Parameters:
  ///   - stood: How long the tunnel stood; nil where there was none.
  ///   - jitter: 0..<1, uniformly drawn.
  mutating func pause(at now: Instant, stood: Duration?, jitter: Double) -> Duration {
    if let stood, stood >= stableAfter { began = nil }
    guard let began else {
      began = now
      return first * jitter
    }
    return min(max(first * 2, began.duration(to: now)), longest) * jitter
  }
}
