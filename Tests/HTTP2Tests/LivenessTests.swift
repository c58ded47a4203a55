import Testing

@testable import HTTP2

@Suite struct LivenessTests {
  let start = ContinuousClock.now

  func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  func liveness() -> Liveness { Liveness(silence: .seconds(5), timeout: .seconds(2), now: start) }

  @Test func silenceIsAskedAboutAndThenTheEnd() {
    var liveness = liveness()
    #expect(liveness.firstCheck == after(5))
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(7), unsent: 0) == .dead)
  }

  @Test func anyByteCountsAsAnAnswer() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    liveness.heard(now: after(6))
    #expect(liveness.timerFired(now: after(7), unsent: 0) == .wait(until: after(11)))
    #expect(liveness.timerFired(now: after(11), unsent: 0) == .ping(until: after(13)))
  }

  @Test func talkMakesPingsNeedless() {
    var liveness = liveness()
    for second in 1..<20 {
      liveness.heard(now: after(Double(second)))
      #expect(
        liveness.timerFired(now: after(Double(second) + 0.5), unsent: 0) == .wait(until: after(Double(second) + 5)))
    }
  }

  @Test func theTimeoutCountsFromWhenThePingHasLeft() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    liveness.pingSent(now: after(6.5))
    #expect(liveness.timerFired(now: after(7), unsent: 0) == .wait(until: after(8.5)))
    #expect(liveness.timerFired(now: after(8.5), unsent: 0) == .dead)
  }

  @Test func aPingThatWaitsBehindDataIsWaitedForWhileTheDataMoves() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 500) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(7), unsent: 400) == .wait(until: after(9)))
    // More than before moves, too: there was room.
    #expect(liveness.timerFired(now: after(9), unsent: 450) == .wait(until: after(11)))
    liveness.pingSent(now: after(10))
    #expect(liveness.timerFired(now: after(11), unsent: 0) == .wait(until: after(12)))
    #expect(liveness.timerFired(now: after(12), unsent: 0) == .dead)
  }

  @Test func dataThatDoesNotMoveIsTheEnd() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 500) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(7), unsent: 400) == .wait(until: after(9)))
    #expect(liveness.timerFired(now: after(9), unsent: 400) == .dead)
  }

  @Test func dataThatMovesIsNotWaitedForWithoutEnd() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    var checks = 0
    var second = 7.0
    while liveness.timerFired(now: after(second), unsent: checks + 1) != .dead, checks < 100 {
      checks += 1
      second += 2
    }
    #expect(checks == Liveness.patience - 1)
  }

  @Test func aPingThatLeavesAfterAnAnswerChangesNothing() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    liveness.heard(now: after(6))
    liveness.pingSent(now: after(6.5))
    #expect(liveness.timerFired(now: after(7), unsent: 0) == .wait(until: after(11)))
  }

  @Test func timerThatFiresEarlyWaits() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5), unsent: 0) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(6), unsent: 0) == .wait(until: after(7)))
  }
}

@Suite struct TokenBucketTests {
  @Test func burstThenRate() {
    let start = ContinuousClock.now
    var bucket = TokenBucket(burst: 10, perSecond: 2, now: start)
    #expect(bucket.take(10, now: start) == true)
    #expect(bucket.take(1, now: start) == false)
    #expect(bucket.take(1, now: start + .milliseconds(500)) == true)
    #expect(bucket.take(1, now: start + .milliseconds(600)) == false)
    #expect(bucket.take(10, now: start + .seconds(60)) == true)
    #expect(bucket.take(1, now: start + .seconds(60)) == false)
  }
}
