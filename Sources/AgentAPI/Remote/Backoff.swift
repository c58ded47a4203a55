/// How long to wait between attempts: full jitter over a bound that doubles. Pure.
///
/// Source: "Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog, 2015.
struct Backoff {
  let first: Duration
  let longest: Duration
  /// The pause before the first repetition is at most this.
  static let quick: Duration = .milliseconds(100)

  private var failures = 0

  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = longest
  }

  /// The pause after one more failure.
  ///
  /// - Parameter jitter: 0..<1, uniformly drawn.
  mutating func pause(jitter: Double) -> Duration {
    defer { failures += 1 }
    if failures == 0 { return Self.quick * jitter }
    // 2^20 is past any bound, and the product stays far inside Duration.
    let bound = min(first * (1 << min(failures - 1, 20)), longest)
    return bound * jitter
  }

  mutating func reset() { failures = 0 }
}
