import AgentAPI
import SSH

/// How one host was when the agent last had to do with it: what `HostState` tells. A value.
///
/// It learns from real requests, from connections and from keepalives.
struct HostHealth: Sendable {
  /// What was true at the last contact.
  enum Outcome: Sendable, Hashable {
    case answered
    /// It could not be reached.
    case unreachable(FailureCode, String)
    /// It was reached and something else is wrong: a key, an account, a setting.
    case failed(FailureCode, String)
  }

  private(set) var lastContact: ContinuousClock.Instant?
  private(set) var outcome: Outcome?
  /// The host's part of requests.
  private var operations = SampleWindow()
  /// Waiting for a turn, and the parts of connecting.
  private var phases: [Phase: SampleWindow] = [:]
  /// Grows with every change that a watcher must hear of.
  private(set) var revision: UInt64 = 0

  /// A request was answered, with good news or bad (no such file is an answer).
  /// - Parameters:
  ///   - timings: where its time went; nil when it says nothing about the host's pace.
  /// - Returns: whether the host's outcome is another one than before.
  @discardableResult
  mutating func answered(_ timings: CallTimings?, at now: ContinuousClock.Instant, revision: UInt64) -> Bool {
    if let timings {
      operations.record(timings.host)
      if timings.poolHit { phases[.queue, default: SampleWindow()].record(timings.queue) }
    }
    return settle(.answered, at: now, revision: revision)
  }

  /// A connection was made.
  @discardableResult
  mutating func connected(_ timings: ConnectTimings, at now: ContinuousClock.Instant, revision: UInt64) -> Bool {
    phases[.tcp, default: SampleWindow()].record(timings.tcp)
    phases[.keyExchange, default: SampleWindow()].record(timings.keyExchange)
    phases[.authentication, default: SampleWindow()].record(timings.authentication)
    return settle(.answered, at: now, revision: revision)
  }

  /// A connection ended, which says nothing of how the host is, but the next request may have to wait for another: always news.
  mutating func disconnected(revision: UInt64) -> Bool {
    self.revision = revision
    return true
  }

  /// A request or a connection failed and the host was the reason.
  @discardableResult
  mutating func failed(_ error: AgentError, at now: ContinuousClock.Instant, revision: UInt64) -> Bool {
    switch error.code {
    case .unreachable, .connectTimeout, .timeout, .lost:
      settle(.unreachable(error.code, error.message), at: now, revision: revision)
    default:
      settle(.failed(error.code, error.message), at: now, revision: revision)
    }
  }

  func state(at now: ContinuousClock.Instant) -> HostState {
    var state = HostState()
    state.ageMs = lastContact.map { $0.duration(to: now).wholeMilliseconds } ?? -1
    state.p50Ms = operations.quantile(0.5)
    state.p95Ms = operations.quantile(0.95)
    state.phases = phases.sorted { $0.key.rawValue < $1.key.rawValue }.map { PhaseFigures($0, of: $1) }
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

  private mutating func settle(_ new: Outcome, at now: ContinuousClock.Instant, revision: UInt64) -> Bool {
    lastContact = now
    self.revision = revision
    defer { outcome = new }
    return outcome != new
  }
}

extension PhaseFigures {
  init(_ phase: Phase, of window: SampleWindow) {
    self.init()
    self.phase = phase
    count = UInt32(window.count)
    p50Ms = window.quantile(0.5)
    p95Ms = window.quantile(0.95)
  }
}
