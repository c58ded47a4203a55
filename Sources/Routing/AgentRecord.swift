/// One agent as the router knows it. A value.
struct AgentRecord: Sendable {
  private(set) var name = ""
  private(set) var hash: UInt64 = 0
  var zone = 0
  var priority = 0

  /// The caller has made its number known.
  private(set) var isPresent = false
  var isLinkUp = false
  var isDraining = false
  /// By its own report: it gets no hedges.
  var isOverloaded = false

  var latency = PeakEwma()
  var breaker: AgentBreaker
  var shedding = ShedThrottle()
  var phi: PhiAccrual
  /// When phi reaches suspect, should no heartbeat come; nil: it sends none.
  var suspectAt: Timestamp?
  var isReportedDead = false
  var slowStart: SlowStart?
  /// When its link was last lost.
  var linkLostAt: Timestamp?
  /// It joined again a moment after its link was lost.
  var isBack = false
  var joined = Timestamp.zero

  var inFlight = 0
  /// Its usual price of a connection to a host; nil before the first.
  var connect: Double?
  /// When an attempt other than a probe last began.
  var lastUsed = Timestamp.zero
  /// Such attempts since the last tick, and smoothed over about a second.
  var begun = 0
  var use = 0.0
  var probe = ProbeRecord()
  /// What it advertises, by position in the router's table.
  var hosts: [HostIndex] = []
  /// The hosts of its last attempts that timed out, the newest last; without those that answered since.
  private(set) var timedOut: [HostIndex] = []
  /// When it last answered an attempt, and when the youngest of those that it answered began.
  private(set) var lastAnswer = Timestamp.zero
  private(set) var youngestAnswered = Timestamp.zero
  /// What it grants a host's connection, as it says itself; seconds; nil: it does not say.
  var connectLimit: Double?
  /// The host that it last reached.
  private(set) var lastReached: HostIndex?

  init(settings: RoutingSettings) {
    breaker = AgentBreaker(settings.breaker)
    phi = PhiAccrual(settings.phi)
  }

  mutating func timedOut(at host: HostIndex) {
    timedOut.removeAll { $0 == host }
    if timedOut.count == 8 { timedOut.removeFirst() }
    timedOut.append(host)
  }

  mutating func reached(_ host: HostIndex) {
    lastReached = host
    if !timedOut.isEmpty { timedOut.removeAll { $0 == host } }
  }

  mutating func answered(started: Timestamp, now: Timestamp) {
    lastAnswer = now
    youngestAnswered = max(youngestAnswered, started)
  }

  /// Whether it answered others while an attempt waited: one that began no earlier, or any late in the attempt's time.
  func wasAtWork(beside attempt: AttemptTable.Attempt) -> Bool {
    youngestAnswered >= attempt.started && lastAnswer > attempt.started
      || lastAnswer >= attempt.started.advanced(bySeconds: attempt.timeout / 2)
  }

  mutating func enter(name: String, now: Timestamp) {
    self.name = name
    hash = Mix64.hash(name)
    isPresent = true
    lastUsed = now
  }
}

/// How an agent's probes have gone. A value.
struct ProbeRecord: Sendable {
  var isUnderWay = false
  var last: Timestamp?
  /// Answered probes in a row, and what the last three took.
  var answered = 0
  private var latencies = (0.0, 0.0, 0.0)
  /// The last one was much faster than the estimate.
  var isImproving = false

  mutating func answered(_ seconds: Double) {
    answered += 1
    latencies = (latencies.1, latencies.2, seconds)
  }

  /// To what the estimate is taken back; never more than 3 x the last probe.
  var proven: Double {
    min(3 * latencies.2, (latencies.0 + latencies.1 + latencies.2) / 3)
  }
}

/// Whether an agent can be chosen.
package enum AgentStanding: String, Sendable, Hashable, CaseIterable {
  case usable
  /// Its breaker is open.
  case ejected
  /// Silent for so long that it gets nothing new.
  case suspect
  /// Silent for too long, or without a link.
  case dead
  /// On its way out.
  case draining
}
