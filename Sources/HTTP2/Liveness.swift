/// A value: whether the peer is still there. Any byte from it counts; after silence it is asked by PING, and without any byte
/// within the timeout it is gone.
///
/// On a slow link the PING waits in this process behind what was written before it. The timeout counts from when it has left;
/// until then the link is well as long as what waits for the kernel changes, and for `patience` timeouts at most.
struct Liveness {
  enum Action: Hashable {
    /// Call `timerFired` again then.
    case wait(until: ContinuousClock.Instant)
    /// Send a PING, and call `timerFired` again then.
    case ping(until: ContinuousClock.Instant)
    case dead
  }

  private enum Phase {
    /// Can transition to: asked.
    case listening
    /// The PING waits behind `unsent` bytes, which last changed at `progress`. Can transition to: listening, sent.
    case asked(at: ContinuousClock.Instant, progress: ContinuousClock.Instant, unsent: Int)
    /// The PING has left. Can transition to: listening.
    case sent(at: ContinuousClock.Instant)
  }

  let silence: Duration
  let timeout: Duration
  private var lastHeard: ContinuousClock.Instant
  private var phase = Phase.listening

  /// How many timeouts a PING may wait in this process at most.
  static let patience = 15

  init(silence: Duration, timeout: Duration, now: ContinuousClock.Instant) {
    self.silence = silence
    self.timeout = timeout
    lastHeard = now
  }

  /// When `timerFired` is to be called for the first time.
  var firstCheck: ContinuousClock.Instant { lastHeard + silence }

  mutating func heard(now: ContinuousClock.Instant) {
    lastHeard = now
    phase = .listening
  }

  /// The PING that was asked for has been given to the kernel.
  mutating func pingSent(now: ContinuousClock.Instant) {
    if case .asked = phase { phase = .sent(at: now) }
  }

  /// - Parameter unsent: Bytes that wait in this process for the kernel to take them.
  mutating func timerFired(now: ContinuousClock.Instant, unsent: Int) -> Action {
    switch phase {
    case .listening:
      guard now >= lastHeard + silence else { return .wait(until: lastHeard + silence) }
      phase = .asked(at: now, progress: now, unsent: unsent)
      return .ping(until: now + timeout)
    case .asked(let asked, let progress, let before):
      let progress = unsent == before ? progress : now
      guard now < progress + timeout, now < asked + timeout * Self.patience else { return .dead }
      phase = .asked(at: asked, progress: progress, unsent: unsent)
      return .wait(until: progress + timeout)
    case .sent(let sent):
      return now >= sent + timeout ? .dead : .wait(until: sent + timeout)
    }
  }
}
