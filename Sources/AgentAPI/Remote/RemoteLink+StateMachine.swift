/// What the link to an agent decides: when to connect, which calls may go, which wait. Pure; generic over the connection and
/// over what resumes a waiting call.
struct RemoteLinkStateMachine<Connection, Waiter> {
  typealias Instant = ContinuousClock.Instant

  private enum Phase {
    /// Can transition to: connecting, stopped.
    case idle
    /// One attempt is under way. Can transition to: connected, pausing, stopped.
    case connecting
    /// Can transition to: pausing, stopped.
    case connected(Connection, since: Instant)
    /// The next attempt waits. Can transition to: connecting, stopped.
    case pausing(until: Instant)
    case stopped
  }

  /// What the driver does for the link.
  enum Command: Equatable {
    case connect
    /// Say `pauseEnded` with this number then.
    case pause(until: Instant, number: Int)
  }

  /// What becomes of a call.
  enum Admission {
    case use(Connection)
    /// It was kept; perhaps the pause is shorter now.
    case wait(Command?)
    case stopped
  }

  private(set) var reason = "no attempt was made yet"
  private var phase = Phase.idle
  private var backoff: Backoff
  private let stableAfter: Duration
  /// Counts connections and pauses: what arrives late for an earlier one is known by its number.
  private var number = 0
  private var lastAttempt: Instant?
  private var waiters: [UInt64: Waiter] = [:]
  /// Those of them for which the next attempt is made sooner.
  private var urgent: Set<UInt64> = []

  init(backoff: Backoff, stableAfter: Duration) {
    self.backoff = backoff
    self.stableAfter = stableAfter
  }

  var state: LinkState {
    switch phase {
    case .idle, .connecting: .connecting
    case .connected: .connected
    case .pausing: .down(reason: reason)
    case .stopped: .stopped
    }
  }

  /// The connection that calls use now.
  var connection: Connection? {
    if case .connected(let connection, _) = phase { connection } else { nil }
  }

  mutating func started(at now: Instant) -> Command? {
    guard case .idle = phase else { return nil }
    return connect(at: now)
  }

  /// - Returns: The connection's number and the calls that go on with it; nil when nobody wants it any more.
  mutating func connectionEstablished(_ connection: Connection, at now: Instant) -> (number: Int, waiters: [Waiter])? {
    guard case .connecting = phase else { return nil }
    number += 1
    phase = .connected(connection, since: now)
    return (number, takeWaiters())
  }

  mutating func connectionFailed(_ reason: String, at now: Instant, jitter: Double) -> Command? {
    guard case .connecting = phase else { return nil }
    return pause(reason, at: now, jitter: jitter)
  }

  /// The connection takes no new calls.
  mutating func connectionUnusable(_ number: Int, _ reason: String, at now: Instant, jitter: Double) -> Command? {
    guard case .connected(_, let since) = phase, number == self.number else { return nil }
    if since.duration(to: now) >= stableAfter { backoff.reset() }
    return pause(reason, at: now, jitter: jitter)
  }

  mutating func pauseEnded(_ number: Int, at now: Instant) -> Command? {
    guard case .pausing = phase, number == self.number else { return nil }
    return connect(at: now)
  }

  /// An urgent call that finds no connection cuts the pause short; only enough of it is kept to prevent a busy loop.
  mutating func callArrived(
    _ id: UInt64, _ waiter: Waiter, isUrgent: Bool, at now: Instant, jitter: Double
  ) -> Admission {
    switch phase {
    case .connected(let connection, _): return .use(connection)
    case .stopped: return .stopped
    case .idle, .connecting, .pausing: break
    }
    waiters[id] = waiter
    guard isUrgent else { return .wait(nil) }
    urgent.insert(id)
    switch phase {
    case .idle, .connecting, .connected, .stopped: return .wait(nil)
    case .pausing(let until):
      let sooner = max(now, demanded(jitter: jitter) ?? now)
      guard sooner < until else { return .wait(nil) }
      return .wait(pause(until: sooner))
    }
  }

  mutating func callGaveUp(_ id: UInt64) -> Waiter? {
    urgent.remove(id)
    return waiters.removeValue(forKey: id)
  }

  mutating func stopped() -> (connection: Connection?, waiters: [Waiter]) {
    defer { phase = .stopped }
    return (connection, takeWaiters())
  }

  private mutating func takeWaiters() -> [Waiter] {
    defer {
      waiters = [:]
      urgent = []
    }
    return Array(waiters.values)
  }

  private mutating func connect(at now: Instant) -> Command {
    phase = .connecting
    lastAttempt = now
    return .connect
  }

  private mutating func pause(_ reason: String, at now: Instant, jitter: Double) -> Command {
    self.reason = reason
    var until = now + backoff.pause(jitter: jitter)
    // Somebody waits for it already.
    if !urgent.isEmpty, let demanded = demanded(jitter: jitter) { until = min(until, max(now, demanded)) }
    return pause(until: until)
  }

  private mutating func pause(until: Instant) -> Command {
    number += 1
    phase = .pausing(until: until)
    return .pause(until: until, number: number)
  }

  /// When the next attempt may be for a call that waits: within the first backoff of the last one.
  private func demanded(jitter: Double) -> Instant? {
    lastAttempt.map { $0 + backoff.first * jitter }
  }
}

extension RemoteLinkStateMachine.Admission: Sendable where Connection: Sendable {}
