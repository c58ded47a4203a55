import Foundation
import Testing

@testable import Enrollment

@Suite struct RenewalScheduleTests {
  private let issued = Date(timeIntervalSince1970: 1_000_000)
  private let life = 86_400.0

  private func at(_ seconds: Double) -> Date { issued.addingTimeInterval(seconds) }

  @Test func renewalsAreSpreadOverAFifthOfTheLife() {
    var random = Seeded(7)
    var shares: [Double] = []
    for _ in 0..<10_000 {
      let schedule = RenewalSchedule(issued: issued, expires: at(life), random: &random)
      shares.append(schedule.due.timeIntervalSince(issued) / life)
    }
    #expect(shares.allSatisfy { (0.7...0.9).contains($0) })
    for fifth in 0..<5 {
      let low = 0.7 + 0.04 * Double(fifth)
      #expect((1800...2200).contains(shares.count { $0 >= low && $0 < low + 0.04 }))
    }
  }

  @Test func theTimeDecides() {
    var random = Seeded(1)
    let schedule = RenewalSchedule(issued: issued, expires: at(life), random: &random)
    let due = schedule.due
    #expect(schedule.action(now: at(0)) == .wait(until: at(600)))
    #expect(schedule.action(now: at(-1e6)) == .wait(until: at(-1e6 + 600)))
    #expect(schedule.action(now: due.addingTimeInterval(-600)) == .wait(until: due))
    #expect(schedule.action(now: due.addingTimeInterval(-1)) == .wait(until: due))
    #expect(schedule.action(now: due) == .renew)
    #expect(schedule.action(now: at(life - 0.1)) == .renew)
    #expect(schedule.action(now: at(life)) == .expired)
    #expect(schedule.action(now: at(1e9)) == .expired)
  }

  @Test func failuresBackOffUpToAMinuteUntilItHasExpired() {
    for seed in 0..<50 {
      var random = Seeded(UInt64(seed))
      var schedule = RenewalSchedule(issued: issued, expires: at(life), random: &random)
      var now = schedule.due
      var attempts = 0
      while schedule.action(now: now) == .renew {
        schedule.renewalFailed(now: now, random: &random)
        let pause = schedule.due.timeIntervalSince(now)
        let longest = min(60, pow(2, Double(attempts)))
        #expect((longest / 2 - 1e-6...longest + 1e-6).contains(pause), "seed \(seed)")
        #expect(schedule.action(now: now) == .wait(until: schedule.due) || schedule.due > at(life))
        attempts += 1
        now = schedule.due
      }
      #expect(schedule.action(now: now) == .expired)
      #expect((144...900).contains(attempts), "seed \(seed)")
    }
  }

  @Test func aRenewalBeginsAnew() throws {
    let authority = try Installation().authority
    let start = Installation.start
    var random = Seeded(3)
    let first = try authority.issueWithKey(Installation.agent(), now: start).leaf
    var schedule = RenewalSchedule(first, random: &random)
    #expect(schedule.expires == first.notAfter)
    let share = schedule.due.timeIntervalSince(start) / life
    #expect((0.7...0.9).contains(share))
    for _ in 0..<20 { schedule.renewalFailed(now: schedule.due, random: &random) }
    let now = start.addingTimeInterval(80_000)
    let second = try authority.issueWithKey(Installation.agent(), now: now).leaf
    schedule.renewed(second, random: &random)
    #expect(schedule.action(now: now) == .wait(until: now.addingTimeInterval(600)))
    schedule.renewalFailed(now: now, random: &random)
    #expect(schedule.due.timeIntervalSince(now) <= 1)
  }

  @Test func oddLivesDoNoHarm() {
    var random = Seeded(5)
    for (offset, code) in [(0.0, RenewalSchedule.Action.expired), (-10, .expired)] {
      let schedule = RenewalSchedule(issued: issued, expires: at(offset), random: &random)
      #expect(schedule.action(now: issued) == code)
    }
  }
}
