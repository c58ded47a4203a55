import Testing

@testable import Routing

@Suite struct HedgeBudgetTests {
  @Test func halfOfTheSavingsAreSpentThenTwoInAHundred() {
    var budget = HedgeBudget(share: 0.02, capacity: 20)
    var spent = 0
    while budget.allows {
      budget.spend()
      spent += 1
    }
    #expect(spent == 10)
    for _ in 0..<10_000 {
      budget.callStarted()
      if budget.allows {
        budget.spend()
        spent += 1
      }
    }
    #expect((208...211).contains(spent), "\(spent)")
  }
}

@Suite struct RetryBudgetTests {
  private static func spendAll(_ budget: inout RetryBudget, _ milliseconds: Double) -> Int {
    var spent = 0
    while budget.spend(now: at(milliseconds)) { spent += 1 }
    return spent
  }

  @Test func aFifthOfTheCallsAndAHundredBesides() {
    var budget = RetryBudget(share: 0.2, perSecond: 10)
    #expect(value(Self.spendAll(&budget, 0)) == 100)
    for _ in 0..<1_000 { budget.callStarted(now: at(500)) }
    #expect((199...200).contains(value(Self.spendAll(&budget, 900))))
  }

  @Test func whatIsNotSpentInTenSecondsIsLostAndWhatWasIsForgiven() {
    var budget = RetryBudget(share: 0.2, perSecond: 10)
    for _ in 0..<1_000 { budget.callStarted(now: at(0)) }
    #expect(value(budget.balance(now: at(9_999))).isNear(300))
    #expect(value(budget.balance(now: at(10_000))).isNear(100))
    #expect(value(Self.spendAll(&budget, 10_000)) == 100)
    #expect(value(budget.balance(now: at(19_999))).isNear(0))
    #expect(value(budget.balance(now: at(20_000))).isNear(100))
  }

  @Test func overloadTakesFromItButNeverBelowNothing() {
    var budget = RetryBudget(share: 0.2, perSecond: 10)
    for _ in 0..<500 { budget.overloadSeen(now: at(0)) }
    #expect(value(budget.balance(now: at(0))).isNear(0))
    #expect(!value(budget.spend(now: at(0))))
  }
}

@Suite struct RetryPauseTests {
  @Test(arguments: [(1, 0.1), (2, 0.2), (3, 0.4), (4, 0.8), (5, 1), (60, 1)])
  func itDoublesToASecond(retry: Int, seconds: Double) {
    var random = Mix64(seed: 3)
    for _ in 0..<100 {
      let pause = RetryPause().seconds(before: retry, random: &random)
      #expect(pause >= 0.8 * seconds && pause <= 1.2 * seconds)
    }
  }

  @Test func theServersWishComesFirst() {
    var random = Mix64(seed: 3)
    #expect(RetryPause().seconds(before: 5, pushback: .milliseconds(7), random: &random).isNear(0.007))
    #expect(RetryPause().seconds(before: 1, pushback: .seconds(-1), random: &random) == 0)
  }
}

@Suite struct ShedThrottleTests {
  @Test func moreThanThreeInAHundredTurnItOn() {
    var throttle = ShedThrottle()
    for number in 0..<10_000 {
      if number % 50 == 0 { throttle.shed(now: at(0)) } else { throttle.answered(now: at(0)) }
    }
    #expect(!throttle.isOn(now: at(0)))
    for number in 0..<1_000 {
      if number % 10 == 0 { throttle.shed(now: at(0)) } else { throttle.answered(now: at(0)) }
    }
    #expect(throttle.isOn(now: at(0)))
  }

  @Test func answersOrTimeTurnItOff() {
    var throttle = ShedThrottle()
    for _ in 0..<100 { throttle.shed(now: at(0)) }
    #expect(throttle.isOn(now: at(9_999)))
    #expect(!throttle.isOn(now: at(10_000)))
    for _ in 0..<340 { throttle.answered(now: at(0)) }
    #expect(!throttle.isOn(now: at(0)))
  }
}
