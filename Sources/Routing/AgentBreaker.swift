/// Whether an agent's own faults have disqualified it for a while. A value; only faults that are the agent's count.
///
/// Opens on 5 faults in a row, or when fewer than 80 % of at least 20 requests of the last 30 s were answered. It stays
/// open for `1 s * 2^k`, at most 60 s, spread by a fifth; then one probe decides.
package struct AgentBreaker: Sendable, Hashable {
  package enum State: Sendable, Hashable {
    /// Can transition to: open.
    case closed
    /// Not chosen before `until`. Can transition to: halfOpen, closed (answered while in panic).
    case open(since: Timestamp, until: Timestamp)
    /// One probe is under way. Can transition to: closed, open.
    case halfOpen(since: Timestamp)
  }

  private let settings: BreakerSettings
  package private(set) var state = State.closed
  /// The exponent of the next pause.
  package private(set) var step = 0
  private var faultsInRow = 0
  private var window = SuccessWindow()

  package init(_ settings: BreakerSettings) {
    self.settings = settings
  }

  package var isClosed: Bool { state == .closed }

  /// From when on a probe may be sent; nil while it is closed or probed.
  package var probeDue: Timestamp? {
    if case .open(_, let until) = state { until } else { nil }
  }

  package mutating func probeStarted(now: Timestamp) {
    if case .open(let since, let until) = state, until <= now { state = .halfOpen(since: since) }
  }

  /// - Parameter started: when the attempt began: what began before the breaker opened says nothing new.
  package mutating func succeeded(started: Timestamp, now: Timestamp) {
    window.record(success: true, now: now)
    faultsInRow = 0
    switch state {
    case .closed:
      break
    case .open(let since, _), .halfOpen(let since):
      guard started >= since else { return }
      state = .closed
      step = max(0, step - 1)
      window = SuccessWindow()
    }
  }

  package mutating func failed(started: Timestamp, now: Timestamp, random: inout some RandomNumberGenerator) {
    window.record(success: false, now: now)
    faultsInRow += 1
    judge(started: started, now: now, random: &random)
  }

  /// Shed: no fault, but not an answer either.
  package mutating func shed(started: Timestamp, now: Timestamp, random: inout some RandomNumberGenerator) {
    window.record(success: false, now: now)
    judge(started: started, now: now, random: &random)
  }

  /// The probe ended without a verdict.
  package mutating func probeAbandoned(now: Timestamp) {
    if case .halfOpen(let since) = state { state = .open(since: since, until: now) }
  }

  private mutating func judge(started: Timestamp, now: Timestamp, random: inout some RandomNumberGenerator) {
    switch state {
    case .closed:
      let (successes, failures) = window.counts(now: now)
      let total = successes + failures
      let isPoor = total >= settings.leastRequests && Double(successes) < settings.leastRatio * Double(total)
      if faultsInRow >= settings.faultsInRow || isPoor { open(now: now, random: &random) }
    case .halfOpen(let since):
      guard started >= since else { return }
      step += 1
      open(now: now, random: &random)
    case .open:
      break
    }
  }

  private mutating func open(now: Timestamp, random: inout some RandomNumberGenerator) {
    var pause = settings.pause.inSeconds
    for _ in 0..<min(16, step) { pause *= 2 }
    pause = min(pause, settings.longestPause.inSeconds) * random.spread(0.2)
    state = .open(since: now, until: now.advanced(bySeconds: pause))
    faultsInRow = 0
    window = SuccessWindow()
  }
}

/// When an agent's breaker opens, and for how long. A value.
package struct BreakerSettings: Sendable, Hashable {
  package var faultsInRow = 5
  package var leastRatio = 0.8
  package var leastRequests = 20
  package var pause: Duration = .seconds(1)
  package var longestPause: Duration = .seconds(60)

  package init() {}
}

/// Successes and failures of the last 20 to 30 s. A value.
struct SuccessWindow: Sendable, Hashable {
  private var slots: (SlotCount, SlotCount, SlotCount) = (SlotCount(), SlotCount(), SlotCount())

  struct SlotCount: Sendable, Hashable {
    var number: Int64 = -1
    var successes = 0
    var failures = 0
  }

  mutating func record(success: Bool, now: Timestamp) {
    let number = now.nanoseconds / 10_000_000_000
    switch number % 3 {
    case 0: Self.record(success, &slots.0, number)
    case 1: Self.record(success, &slots.1, number)
    default: Self.record(success, &slots.2, number)
    }
  }

  func counts(now: Timestamp) -> (successes: Int, failures: Int) {
    let oldest = now.nanoseconds / 10_000_000_000 - 2
    var sum = (0, 0)
    for slot in [slots.0, slots.1, slots.2] where slot.number >= oldest {
      sum = (sum.0 + slot.successes, sum.1 + slot.failures)
    }
    return sum
  }

  private static func record(_ success: Bool, _ slot: inout SlotCount, _ number: Int64) {
    if slot.number != number { slot = SlotCount(number: number) }
    if success { slot.successes += 1 } else { slot.failures += 1 }
  }

  static func == (left: SuccessWindow, right: SuccessWindow) -> Bool { left.slots == right.slots }
  func hash(into hasher: inout Hasher) { hasher.combine(slots.0) }
}
