import Synchronization

/// How much one caller may ask, as a bucket that fills evenly. A value.
struct TokenBucket: Sendable {
  private(set) var tokens: Double
  private var refilled: ContinuousClock.Instant

  init(burst: Int, now: ContinuousClock.Instant) {
    tokens = Double(burst)
    refilled = now
  }

  /// Takes one token; nil when there was one, otherwise how long until there is.
  mutating func take(perMinute: Int, burst: Int, now: ContinuousClock.Instant) -> Duration? {
    let elapsed = max(.zero, now - refilled)
    refilled = max(refilled, now)
    let perSecond = Double(perMinute) / 60
    tokens = min(Double(burst), tokens + elapsed.inSeconds * perSecond)
    guard tokens < 1 else {
      tokens -= 1
      return nil
    }
    return .seconds((1 - tokens) / perSecond)
  }

  /// Takes tokens that are not there yet, too: who asks next waits longer.
  mutating func charge(_ count: Int) { tokens -= Double(count) }

  /// Full again, hence no different from a new one.
  func isFull(perMinute: Int, burst: Int, now: ContinuousClock.Instant) -> Bool {
    tokens + max(.zero, now - refilled).inSeconds * Double(perMinute) / 60 >= Double(burst)
  }
}

/// A bucket for each caller, of whom only a bounded number is remembered. Sendable: state behind a lock.
final class RateLimiter: Sendable {
  static let callersRemembered = 10_000

  private let perMinute: Int
  private let burst: Int
  private let state = Mutex(State())

  private struct State {
    var buckets: [String: TokenBucket] = [:]
    var swept: ContinuousClock.Instant?
  }

  /// - Parameters:
  ///   - perMinute: 0 admits everything.
  ///   - burst: at least 1.
  init(perMinute: Int, burst: Int) {
    self.perMinute = perMinute
    self.burst = burst
  }

  /// nil when `caller` may go on, otherwise how long it should wait.
  func admit(_ caller: String, now: ContinuousClock.Instant) -> Duration? {
    guard perMinute > 0 else { return nil }
    return state.withLock { state in
      if state.buckets[caller] == nil, state.buckets.count >= Self.callersRemembered { makeRoom(&state, now) }
      return state.buckets[caller, default: TokenBucket(burst: burst, now: now)]
        .take(perMinute: perMinute, burst: burst, now: now)
    }
  }

  /// One request of `caller` was admitted and turned out to be `count` more.
  func charge(_ caller: String, _ count: Int) {
    guard perMinute > 0, count > 0 else { return }
    state.withLock { $0.buckets[caller]?.charge(count) }
  }

  /// Forgets the callers whose buckets are full, at most once a second; where all are busy, anyone, rather than grow.
  private func makeRoom(_ state: inout State, _ now: ContinuousClock.Instant) {
    if state.swept.map({ now - $0 >= .seconds(1) }) ?? true {
      state.swept = now
      state.buckets = state.buckets.filter { !$0.value.isFull(perMinute: perMinute, burst: burst, now: now) }
    }
    if state.buckets.count >= Self.callersRemembered, let any = state.buckets.keys.first { state.buckets[any] = nil }
  }
}

extension Duration {
  /// As a fraction; exact enough for rates.
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
