import Testing

@testable import AgentAPI

@Suite struct RemoteLinkStateMachineTests {
  typealias Machine = RemoteLinkStateMachine<String, String>

  private let start = ContinuousClock.now
  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func machine() -> Machine {
    Machine(backoff: Backoff(first: .seconds(1), longest: .seconds(60)), stableAfter: .seconds(60))
  }

  private func connected(at seconds: Double = 0) -> (machine: Machine, number: Int) {
    var machine = machine()
    _ = machine.started(at: at(seconds))
    let number = machine.connectionEstablished("a", at: at(seconds))!.number
    return (machine, number)
  }

  private func pauseLength(_ command: Machine.Command?, from seconds: Double) -> Duration? {
    if case .pause(let until, _) = command { at(seconds).duration(to: until) } else { nil }
  }

  private func number(_ command: Machine.Command?) -> Int {
    if case .pause(_, let number) = command { number } else { -1 }
  }

  @Test func backoffIsQuickThenDoublesUnderItsCap() {
    var backoff = Backoff(first: .seconds(1), longest: .seconds(60))
    let pauses = (0..<10).map { _ in backoff.pause(jitter: 0.5) }
    #expect(pauses == [0.05, 0.5, 1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    backoff.reset()
    #expect(backoff.pause(jitter: 0) == .zero)
    for _ in 0..<1000 { _ = backoff.pause(jitter: 0.999) }
    #expect(backoff.pause(jitter: 0.999) < .seconds(60))
  }

  @Test func callsGoByTheConnection() {
    var (machine, _) = connected()
    #expect(machine.state == .connected)
    #expect(machine.connection == "a")
    guard case .use("a") = machine.callArrived(1, "call", isUrgent: true, at: at(1), jitter: 0) else {
      Issue.record("not used")
      return
    }
  }

  @Test func callsWaitForTheFirstConnection() {
    var machine = machine()
    guard case .wait(nil) = machine.callArrived(1, "early", isUrgent: true, at: at(0), jitter: 0) else {
      Issue.record("it did not wait")
      return
    }
    #expect(machine.started(at: at(0)) == .connect)
    #expect(machine.started(at: at(0)) == nil)
    _ = machine.callArrived(2, "late", isUrgent: true, at: at(0), jitter: 0)
    #expect(machine.callGaveUp(2) == "late")
    #expect(machine.callGaveUp(2) == nil)
    #expect(machine.connectionEstablished("a", at: at(1))?.waiters == ["early"])
  }

  @Test func failuresPauseLongerAndLonger() {
    var machine = machine()
    var now = 0.0
    _ = machine.started(at: at(now))
    for expected in [0.05, 0.5, 1, 2, 4] {
      let pause = machine.connectionFailed("refused", at: at(now), jitter: 0.5)
      #expect(pauseLength(pause, from: now) == .seconds(expected))
      #expect(machine.state == .down(reason: "refused"))
      now += expected
      #expect(machine.pauseEnded(number(pause), at: at(now)) == .connect)
    }
  }

  @Test func shortLivedConnectionDoesNotResetTheBackoffAndAStableOneDoes() {
    for (lifetime, expected) in [(1.0, 0.5), (60.0, 0.05)] {
      var machine = machine()
      _ = machine.started(at: at(0))
      let pause = machine.connectionFailed("refused", at: at(0), jitter: 0.5)
      _ = machine.pauseEnded(number(pause), at: at(1))
      let number = machine.connectionEstablished("a", at: at(1))!.number
      let again = machine.connectionUnusable(number, "lost", at: at(1 + lifetime), jitter: 0.5)
      #expect(pauseLength(again, from: 1 + lifetime) == .seconds(expected))
    }
  }

  @Test func lateNewsOfAnEarlierConnectionOrPauseChangesNothing() {
    var (machine, first) = connected()
    let pause = machine.connectionUnusable(first, "lost", at: at(1), jitter: 0.5)
    #expect(machine.connectionUnusable(first, "lost", at: at(1), jitter: 0.5) == nil)
    #expect(machine.pauseEnded(number(pause) - 1, at: at(2)) == nil)
    #expect(machine.pauseEnded(number(pause), at: at(2)) == .connect)
    #expect(machine.pauseEnded(number(pause), at: at(2)) == nil)
    #expect(machine.connectionEstablished("b", at: at(2)) != nil)
    #expect(machine.connectionUnusable(first, "lost", at: at(3), jitter: 0.5) == nil)
    #expect(machine.connection == "b")
  }

  /// At 0 s, and what it wants done: the longest pause.
  private func failedTenTimes() -> (Machine, Machine.Command?) {
    var machine = machine()
    _ = machine.started(at: at(0))
    for _ in 0..<9 {
      let pause = machine.connectionFailed("refused", at: at(0), jitter: 0.5)
      _ = machine.pauseEnded(number(pause), at: at(0))
    }
    let long = machine.connectionFailed("refused", at: at(0), jitter: 0.5)
    return (machine, long)
  }

  @Test func waitingCallShortensTheNextPausesButNotToNothing() {
    var (machine, long) = failedTenTimes()
    #expect(pauseLength(long, from: 0) == .seconds(30))
    guard case .wait(let sooner) = machine.callArrived(1, "call", isUrgent: true, at: at(0.1), jitter: 0.5) else {
      Issue.record("it did not wait")
      return
    }
    #expect(pauseLength(sooner, from: 0) == .seconds(0.5))
    // The long pause's end is nobody's any more.
    #expect(machine.pauseEnded(number(long), at: at(0.5)) == nil)
    #expect(machine.pauseEnded(number(sooner), at: at(0.5)) == .connect)
    // Somebody still waits: the pause after another failure is short as well.
    let next = machine.connectionFailed("refused", at: at(0.5), jitter: 0.5)
    #expect(pauseLength(next, from: 0.5) == .seconds(0.5))
  }

  /// A watch is always there: were it urgent, a link that is away would be tried every second for ever.
  @Test func whoOnlyWatchesWaitsForTheNextAttempt() {
    var (machine, long) = failedTenTimes()
    guard case .wait(nil) = machine.callArrived(1, "watch", isUrgent: false, at: at(0.1), jitter: 0.5) else {
      Issue.record("the pause was cut short")
      return
    }
    #expect(machine.pauseEnded(number(long), at: at(30)) == .connect)
    let next = machine.connectionFailed("refused", at: at(30), jitter: 0.5)
    #expect(pauseLength(next, from: 30) == .seconds(30))
    #expect(machine.pauseEnded(number(next), at: at(60)) == .connect)
    #expect(machine.connectionEstablished("a", at: at(60))?.waiters == ["watch"])
  }

  @Test func stopReleasesEverybody() {
    var machine = machine()
    _ = machine.started(at: at(0))
    _ = machine.callArrived(1, "call", isUrgent: true, at: at(0), jitter: 0)
    #expect(machine.stopped().waiters == ["call"])
    #expect(machine.state == .stopped)
    #expect(machine.connectionEstablished("late", at: at(1)) == nil)
    guard case .stopped = machine.callArrived(2, "call", isUrgent: true, at: at(1), jitter: 0) else {
      Issue.record("it was kept")
      return
    }
  }
}
