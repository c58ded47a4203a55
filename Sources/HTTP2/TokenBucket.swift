/// A value: so many at once, so many a second.
struct TokenBucket {
  let burst: Double
  let rate: Double
  private var tokens: Double
  private var updated: ContinuousClock.Instant

  init(burst: Int, perSecond: Int, now: ContinuousClock.Instant) {
    self.burst = Double(burst)
    rate = Double(perSecond)
    tokens = Double(burst)
    updated = now
  }

  /// False where there are not `count` tokens.
  mutating func take(_ count: Int, now: ContinuousClock.Instant) -> Bool {
    tokens = min(burst, tokens + rate * ((now - updated) / .seconds(1)))
    updated = now
    guard tokens >= Double(count) else { return false }
    tokens -= Double(count)
    return true
  }
}
