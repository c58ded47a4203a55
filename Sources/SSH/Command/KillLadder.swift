/// Which signals a process group gets, and when its end is believed. A value, pure: INT, TERM, KILL, each with some time
/// to work, and a question between them.
struct KillLadder {
  enum Action: Equatable {
    /// Send the signal to the group, then ask whether it lives.
    case signal(String)
    case ask
    /// Call `timePassed` then.
    case wait(until: ContinuousClock.Instant)
    case finish(CommandEnding)
  }

  private static let rungs: [(signal: String, patience: Duration)] = [
    ("INT", .milliseconds(500)), ("TERM", .seconds(1)), ("KILL", .seconds(1)),
  ]
  private static let interval: Duration = .milliseconds(40)

  private var rung = 0
  private var rungEnds: ContinuousClock.Instant
  private let gaveUp: ContinuousClock.Instant

  /// The way to the host (a second channel) is to be open by `gaveUp` at the latest.
  init(now: ContinuousClock.Instant) {
    rungEnds = now
    gaveUp = now + .seconds(3)
  }

  /// The second channel is open.
  mutating func opened(now: ContinuousClock.Instant) -> Action {
    rungEnds = now + Self.rungs[0].patience
    return .signal(Self.rungs[0].signal)
  }

  /// The host says whether anything of the group is left.
  mutating func answered(isAlive: Bool, now: ContinuousClock.Instant) -> Action {
    if !isAlive { return .finish(.confirmed(lastSignal: Self.rungs[rung].signal)) }
    if now >= gaveUp { return .finish(.unconfirmed) }
    return .wait(until: now + Self.interval)
  }

  mutating func timePassed(now: ContinuousClock.Instant) -> Action {
    if now >= gaveUp { return .finish(.unconfirmed) }
    guard now >= rungEnds, rung + 1 < Self.rungs.count else { return .ask }
    rung += 1
    rungEnds = now + Self.rungs[rung].patience
    return .signal(Self.rungs[rung].signal)
  }

  /// No second channel, or it broke.
  func failed() -> Action { .finish(.unconfirmed) }

  /// When the whole ladder is given up even if no answer comes.
  var limit: ContinuousClock.Instant { gaveUp }
}
