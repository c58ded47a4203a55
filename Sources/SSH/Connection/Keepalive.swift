/// When a silent host is asked for a sign of life, and when it is given up. A value.
struct Keepalive {
  enum Action: Equatable {
    case wait
    case ask
    case giveUp(unanswered: Int)
  }

  private let limit: Int
  private var hasHeard = false
  private var unanswered = 0

  init(limit: Int) {
    self.limit = max(1, limit)
  }

  /// Anything at all came from the host. Answers whether it is the first sign of life after a request for one.
  mutating func heard() -> Bool {
    defer { hasHeard = true }
    return !hasHeard && unanswered > 0
  }

  /// One keepalive interval has passed since the last call.
  mutating func intervalPassed() -> Action {
    if hasHeard {
      hasHeard = false
      unanswered = 0
      return .wait
    }
    if unanswered >= limit { return .giveUp(unanswered: unanswered) }
    unanswered += 1
    return .ask
  }
}
