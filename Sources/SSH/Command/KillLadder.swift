/// Which signals a process group gets, and when its end is believed. A value, pure: INT, TERM, KILL, each with some time
/// to work (counted from the host's first answer, so that a slow shell costs no signal its effect), and questions between.
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
  /// Between an answer and the next question: short at first, since most commands obey at once.
  private static let intervals: [Duration] = [
    .milliseconds(20), .milliseconds(50), .milliseconds(100), .milliseconds(200),
  ]
  /// For the second channel to open and its shell to start.
  private static let openingPatience: Duration = .seconds(3)

  private var rung = 0
  private var questions = 0
  private var rungEnds: ContinuousClock.Instant
  private var gaveUp: ContinuousClock.Instant

  /// A second channel is being opened.
  init(now: ContinuousClock.Instant) {
    rungEnds = now
    gaveUp = now + Self.openingPatience
  }

  /// It is open.
  mutating func opened(now: ContinuousClock.Instant) -> Action {
    rungEnds = now + Self.rungs[0].patience
    // The shell may take its time for the first answer, as it may have for its start.
    gaveUp = now + Self.rungs.reduce(Self.openingPatience) { $0 + $1.patience }
    return .signal(Self.rungs[0].signal)
  }

  /// The host says whether anything of the group is left.
  mutating func answered(isAlive: Bool, now: ContinuousClock.Instant) -> Action {
    if !isAlive { return .finish(.confirmed(lastSignal: Self.rungs[rung].signal)) }
    if questions == 0 { rungEnds = now + Self.rungs[rung].patience }
    guard now < gaveUp, rung < Self.rungs.count - 1 || now < rungEnds else { return .finish(.unconfirmed) }
    questions += 1
    return .wait(until: now + Self.intervals[min(questions, Self.intervals.count) - 1])
  }

  mutating func timePassed(now: ContinuousClock.Instant) -> Action {
    if now >= gaveUp { return .finish(.unconfirmed) }
    guard now >= rungEnds, rung + 1 < Self.rungs.count else { return .ask }
    rung += 1
    questions = 0
    rungEnds = now + Self.rungs[rung].patience
    return .signal(Self.rungs[rung].signal)
  }

  /// No second channel, or it broke.
  func failed() -> Action { .finish(.unconfirmed) }

  /// When the whole ladder is given up even if no answer comes.
  var limit: ContinuousClock.Instant { gaveUp }
}
