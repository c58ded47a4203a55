/// A value: whether the peer is still there. Any byte from it counts; after silence it is asked by PING, and without any byte
/// within the timeout it is gone. The timeout counts from when the PING left this process: on a slow link it waits behind what
/// was written before it.
struct Liveness {
  enum Action: Hashable {
    /// Call `timerFired` again then.
    case wait(until: ContinuousClock.Instant)
    /// Send a PING, and call `timerFired` again then.
    case ping(until: ContinuousClock.Instant)
    case dead
  }

  let silence: Duration
  let timeout: Duration
  private var lastHeard: ContinuousClock.Instant
  private var pingedAt: ContinuousClock.Instant?

  init(silence: Duration, timeout: Duration, now: ContinuousClock.Instant) {
    self.silence = silence
    self.timeout = timeout
    lastHeard = now
  }

  /// When `timerFired` is to be called for the first time.
  var firstCheck: ContinuousClock.Instant { lastHeard + silence }

  mutating func heard(now: ContinuousClock.Instant) {
    lastHeard = now
    pingedAt = nil
  }

  /// The PING that was asked for has been given to the kernel.
  mutating func pingSent(now: ContinuousClock.Instant) {
    if pingedAt != nil { pingedAt = now }
  }

  mutating func timerFired(now: ContinuousClock.Instant) -> Action {
    if let pingedAt {
      return now >= pingedAt + timeout ? .dead : .wait(until: pingedAt + timeout)
    }
    guard now >= lastHeard + silence else { return .wait(until: lastHeard + silence) }
    pingedAt = now
    return .ping(until: now + timeout)
  }
}
