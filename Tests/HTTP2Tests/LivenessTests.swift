import Testing

@testable import HTTP2

@Suite struct LivenessTests {
  let start = ContinuousClock.now

  func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  func liveness() -> Liveness { Liveness(silence: .seconds(5), timeout: .seconds(2), now: start) }

  @Test func silenceIsAskedAboutAndThenTheEnd() {
    var liveness = liveness()
    #expect(liveness.firstCheck == after(5))
    #expect(liveness.timerFired(now: after(5)) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(7)) == .dead)
  }

  @Test func anyByteCountsAsAnAnswer() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5)) == .ping(until: after(7)))
    liveness.heard(now: after(6))
    #expect(liveness.timerFired(now: after(7)) == .wait(until: after(11)))
    #expect(liveness.timerFired(now: after(11)) == .ping(until: after(13)))
  }

  @Test func talkMakesPingsNeedless() {
    var liveness = liveness()
    for second in 1..<20 {
      liveness.heard(now: after(Double(second)))
      #expect(liveness.timerFired(now: after(Double(second) + 0.5)) == .wait(until: after(Double(second) + 5)))
    }
  }

  @Test func theTimeoutCountsFromWhenThePingHasLeft() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5)) == .ping(until: after(7)))
    liveness.pingSent(now: after(6.5))
    #expect(liveness.timerFired(now: after(7)) == .wait(until: after(8.5)))
    #expect(liveness.timerFired(now: after(8.5)) == .dead)
  }

  @Test func aPingThatLeavesAfterAnAnswerChangesNothing() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5)) == .ping(until: after(7)))
    liveness.heard(now: after(6))
    liveness.pingSent(now: after(6.5))
    #expect(liveness.timerFired(now: after(7)) == .wait(until: after(11)))
  }

  @Test func timerThatFiresEarlyWaits() {
    var liveness = liveness()
    #expect(liveness.timerFired(now: after(5)) == .ping(until: after(7)))
    #expect(liveness.timerFired(now: after(6)) == .wait(until: after(7)))
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
