/// Whether a host is answered for with its last error. A value; it never counts against an agent.
///
/// Opens when attempts failed by the host's doing three times in a row, through whatever agents. Then one request per
/// step of a growing pause is let through, and the others are told the last error and its age.
package struct HostBreaker: Sendable, Hashable {
  package static let failuresToOpen = 3
  private static let initial = 1.0
  private static let cap = 60.0

  private var failures = 0
  private var lastReason = ""
  private var lastAt = Timestamp.zero
  private var retryAt = Timestamp.zero
  /// The exponent of the pause.
  private var step = 0
  /// When the probe of this step was let through; nil: it is still to come, or has failed.
  private var probedAt: Timestamp?

  package init() {}

  package var isOpen: Bool { failures >= Self.failuresToOpen }

  /// Nothing to remember.
  package var isClear: Bool { failures == 0 }

  package mutating func succeeded() {
    failures = 0
    probedAt = nil
  }

  /// - Parameter started: when the attempt began. Many that were under way when the host died are one failure: only the
  ///   probe of a step leads to the next.
  package mutating func failed(
    _ reason: String, started: Timestamp, now: Timestamp, random: inout some RandomNumberGenerator
  ) {
    failures += 1
    lastReason = reason
    lastAt = now
    if failures == Self.failuresToOpen {
      step = 0
    } else if let probedAt, started >= probedAt {
      step += 1
    } else {
      return
    }
    probedAt = nil
    retryAt = now.advanced(bySeconds: pause * random.spread(0.2))
  }

  /// Whether a request may go to the host. One that may while the breaker is open is the probe of this step: it moves
  /// the next one on.
  package mutating func admit(now: Timestamp) -> HostFailing? {
    guard isOpen else { return nil }
    guard now >= retryAt else { return failing(now: now) }
    probedAt = now
    retryAt = now.advanced(bySeconds: pause)
    return nil
  }

  /// What those are told that are not let through; nil while it is closed.
  package func failing(now: Timestamp) -> HostFailing? {
    guard isOpen else { return nil }
    return HostFailing(
      reason: lastReason, age: lastAt.duration(to: now), failures: failures,
      retryIn: max(.zero, now.duration(to: retryAt)))
  }

  private var pause: Double {
    var pause = Self.initial
    for _ in 0..<min(16, step) { pause *= 2 }
    return min(pause, Self.cap)
  }
}

/// Why a host is not asked at present. A value.
package struct HostFailing: Sendable, Hashable {
  /// Its last error, as it was reported.
  package let reason: String
  package let age: Duration
  /// In a row.
  package let failures: Int
  /// When the next request is let through.
  package let retryIn: Duration
}
