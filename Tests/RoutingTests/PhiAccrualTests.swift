import Testing

@testable import Routing

@Suite struct PhiAccrualTests {
  private static func heard(_ intervals: [Double]) -> (phi: PhiAccrual, last: Double) {
    var phi = PhiAccrual(PhiSettings())
    var now = 0.0
    phi.heartbeat(now: at(now))
    for interval in intervals {
      now += interval
      phi.heartbeat(now: at(now))
    }
    return (phi, now)
  }

  @Test func whoNeverSentOneIsNeverSuspected() {
    let phi = PhiAccrual(PhiSettings())
    #expect(phi.phi(now: at(1e9)) == 0)
    #expect(phi.reaches(5) == nil)
  }

  /// Half a second between heartbeats and a second of grace: suspect after about 1.9 s of silence, dead after about 2.1 s.
  @Test(arguments: [(500.0, 0.0, 0.1), (1_500, 0.2, 0.4), (1_900, 3, 5), (2_000, 5, 8), (2_150, 8, 30)])
  func itGrowsWithSilence(milliseconds: Double, least: Double, most: Double) {
    let (phi, last) = Self.heard(Array(repeating: 500, count: 20))
    let value = phi.phi(now: at(last + milliseconds))
    #expect((least...most).contains(value), "\(value)")
  }

  @Test(arguments: [1.0, 3, 5, 8, 12])
  func theInstantOfAThresholdIsWhereItIsReached(threshold: Double) throws {
    for intervals in [[500.0], [500, 510, 490], [400, 700, 300, 900, 500]] {
      let (phi, _) = Self.heard(intervals)
      let instant = try #require(phi.reaches(threshold))
      #expect(phi.phi(now: instant).isNear(threshold, 1e-3))
      let late = try #require(phi.reaches(threshold, lateness: 2))
      #expect(phi.phi(now: late, lateness: 2).isNear(threshold, 1e-3))
    }
  }

  @Test func anUnsteadyAgentIsGivenMoreTime() throws {
    let (steady, one) = Self.heard(Array(repeating: 500, count: 20))
    let (unsteady, two) = Self.heard((0..<20).map { $0 % 2 == 0 ? 200 : 800 })
    let patience = try #require(steady.reaches(8)).seconds(since: at(one))
    #expect(try #require(unsteady.reaches(8)).seconds(since: at(two)) > patience + 0.5)
  }
}

@Suite struct OwnLatenessTests {
  @Test func onTimeIsOne() {
    var lateness = OwnLateness(interval: .milliseconds(250))
    #expect(lateness.factor(now: at(0)) == 1)
    for tick in 0..<10 { lateness.ticked(now: at(Double(tick) * 250)) }
    #expect(lateness.factor(now: at(2_400)) == 1)
  }

  @Test(arguments: [(250.0, 1.0), (400, 1), (1_250, 3), (60_000, 4)])
  func aLateTickMakesPatientForAWhile(gap: Double, factor: Double) {
    var lateness = OwnLateness(interval: .milliseconds(250))
    lateness.ticked(now: at(0))
    lateness.ticked(now: at(gap))
    #expect(lateness.factor(now: at(gap)).isNear(factor))
    #expect(lateness.factor(now: at(gap + 100)) <= factor)
  }

  @Test func aTickThatDoesNotComeCountsAsWell() {
    var lateness = OwnLateness(interval: .milliseconds(250))
    lateness.ticked(now: at(0))
    #expect(lateness.factor(now: at(1_500)).isNear(3))
  }
}
