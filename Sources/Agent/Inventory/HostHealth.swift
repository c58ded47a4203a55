import AgentAPI

/// How one host was when the agent last had to do with it: what `HostState` tells. A value.
///
/// It learns from real requests only; the last thirty-two durations stand for the present.
struct HostHealth: Sendable {
  /// What was true at the last contact.
  enum Outcome: Sendable, Hashable {
    case answered
    /// It could not be reached.
    case unreachable(FailureCode, String)
    /// It was reached and something else is wrong: a key, an account, a setting.
    case failed(FailureCode, String)
  }

  static let window = 32

  private(set) var lastContact: ContinuousClock.Instant?
  private(set) var outcome: Outcome?
  /// Microseconds that requests took on the host, the oldest overwritten first.
  private var samples: [UInt32] = []
  private var next = 0
  /// Grows with every change that a watcher must hear of.
  private(set) var revision: UInt64 = 0

  /// A request was answered, with good news or bad (no such file is an answer).
  /// - Parameter duration: the host's part of it; nil when it says nothing about the host's pace.
  mutating func answered(after duration: Duration?, at now: ContinuousClock.Instant, revision: UInt64) {
    lastContact = now
    outcome = .answered
    self.revision = revision
    guard let duration else { return }
    let sample = UInt32(
      clamping: duration.components.seconds * 1_000_000 + duration.components.attoseconds / 1_000_000_000_000)
    if samples.count < Self.window { samples.append(sample) } else { samples[next] = sample }
    next = (next + 1) % Self.window
  }

  /// A request failed and the host was the reason.
  mutating func failed(_ error: AgentError, at now: ContinuousClock.Instant, revision: UInt64) {
    lastContact = now
    self.revision = revision
    switch error.code {
    case .unreachable, .connectTimeout, .timeout, .lost: outcome = .unreachable(error.code, error.message)
    default: outcome = .failed(error.code, error.message)
    }
  }

  /// Milliseconds below which the given share of recent requests stayed; 0 without any.
  func quantile(_ share: Double) -> Double {
    guard !samples.isEmpty else { return 0 }
    let sorted = samples.sorted()
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000
  }

  func state(at now: ContinuousClock.Instant) -> HostState {
    var state = HostState()
    state.ageMs = lastContact.map { $0.duration(to: now).wholeMilliseconds } ?? -1
    state.p50Ms = quantile(0.5)
    state.p95Ms = quantile(0.95)
    switch outcome {
    case nil: state.status = .unknown
    case .answered: state.status = .online
    case .unreachable(let code, let message):
      state.status = .offline
      state.lastErrorCode = code.rawValue
      state.lastErrorMessage = message
    case .failed(let code, let message):
      state.status = .error
      state.lastErrorCode = code.rawValue
      state.lastErrorMessage = message
    }
    return state
  }
}
