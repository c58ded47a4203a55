/// What one agent's place at the coordinator decides: which tunnel calls take, and which calls wait for one. Pure; generic over the
/// connection and over what resumes a waiting call.
struct TunnelSlot<Connection, Waiter> {
  typealias Instant = ContinuousClock.Instant

  private enum Phase {
    /// Can transition to: present, stopped.
    case absent(since: Instant)
    /// Can transition to: present (replaced), absent, stopped.
    case present(Connection, number: Int)
    case stopped
  }

  /// What becomes of a call.
  enum Admission {
    case use(Connection)
    case wait
    case stopped
  }

  private(set) var reason = "it has not dialled in yet"
  private var phase: Phase
  /// Counts connections: what arrives late for an earlier one is known by its number.
  private var number = 0
  private var waiters: [UInt64: Waiter] = [:]

  init(at now: Instant) {
    phase = .absent(since: now)
  }

  /// The connection that calls use now.
  var connection: Connection? {
    if case .present(let connection, _) = phase { connection } else { nil }
  }

  /// Since when there is no tunnel; nil while there is one.
  var absentSince: Instant? {
    if case .absent(let since) = phase { since } else { nil }
  }

  /// - Returns: The connection's number, the one that it replaces and that now has to drain, and the calls that go on with it; nil
  ///   when nobody wants it any more.
  mutating func tunnelEstablished(
    _ connection: Connection
  ) -> (number: Int, replaced: Connection?, waiters: [Waiter])? {
    if case .stopped = phase { return nil }
    let replaced = self.connection
    number += 1
    phase = .present(connection, number: number)
    defer { waiters = [:] }
    return (number, replaced, Array(waiters.values))
  }

  /// The tunnel takes no new calls.
  ///
  /// - Returns: Whether the agent is without one now: not where another has replaced it.
  mutating func tunnelUnusable(_ number: Int, _ reason: String, at now: Instant) -> Bool {
    guard case .present(_, number) = phase else { return false }
    phase = .absent(since: now)
    self.reason = reason
    return true
  }

  mutating func callArrived(_ id: UInt64, _ waiter: Waiter) -> Admission {
    switch phase {
    case .present(let connection, _): return .use(connection)
    case .stopped: return .stopped
    case .absent:
      waiters[id] = waiter
      return .wait
    }
  }

  mutating func callGaveUp(_ id: UInt64) -> Waiter? { waiters.removeValue(forKey: id) }

  mutating func stopped() -> [Waiter] {
    defer {
      phase = .stopped
      waiters = [:]
    }
    return Array(waiters.values)
  }
}

extension TunnelSlot.Admission: Sendable where Connection: Sendable {}
