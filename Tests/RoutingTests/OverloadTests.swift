import Routing
import Testing

@Suite struct ConcurrencyLimitTests {
  @Test func itGrowsWhileLatencyStaysAndShrinksWhenItRises() {
    var limit = ConcurrencyLimit()
    #expect(limit.current == 32)
    for _ in 0..<1_000 { limit.record(0.05, inFlight: limit.current) }
    #expect(limit.current == 256)
    for _ in 0..<100 { limit.record(0.5, inFlight: limit.current) }
    #expect(limit.current < 64, "\(limit.current)")
    for _ in 0..<100 { limit.record(5, inFlight: limit.current) }
    #expect(limit.current >= 8)
  }

  @Test func whatIsNotUsedIsNotTested() {
    var limit = ConcurrencyLimit()
    for _ in 0..<1_000 { limit.record(0.05, inFlight: 3) }
    #expect(limit.current == 32)
    limit.record(0, inFlight: 100)
    limit.record(-1, inFlight: 100)
    #expect(limit.current == 32)
  }

  @Test func itReturnsFromALongTimeOfLoad() {
    var limit = ConcurrencyLimit()
    for _ in 0..<1_000 { limit.record(0.5, inFlight: limit.current) }
    for _ in 0..<200 { limit.record(0.05, inFlight: limit.current) }
    for _ in 0..<50 { limit.record(0.5, inFlight: limit.current) }
    #expect(limit.current < 200)
  }
}

@Suite struct FairnessTests {
  private static func flow(_ name: String) -> FlowKey { FlowKey(principal: name, host: name) }

  private static func drain(_ fairness: inout Fairness, where mayServe: (FlowKey) -> Bool = { _ in true }) -> [UInt64] {
    var order: [UInt64] = []
    while let next = fairness.next(where: mayServe) { order.append(next.waiting.id) }
    return order
  }

  @Test func flowsTakeTurnsWhateverTheirLength() {
    var fairness = Fairness()
    for id in 0..<5 { fairness.append(.init(id: UInt64(id), deadline: at(100)), flow: Self.flow("many")) }
    fairness.append(.init(id: 10, deadline: at(100)), flow: Self.flow("one"))
    fairness.append(.init(id: 20, deadline: at(100)), flow: Self.flow("other"))
    #expect(value(Self.drain(&fairness)) == [0, 10, 20, 1, 2, 3, 4])
    #expect(fairness.count == 0)
  }

  @Test func withinAFlowTheFirstDeadlineComesFirst() {
    var fairness = Fairness()
    for (id, deadline) in [(1, 300.0), (2, 100), (3, 200), (4, 100)] {
      fairness.append(.init(id: UInt64(id), deadline: at(deadline)), flow: Self.flow("a"))
    }
    #expect(value(Self.drain(&fairness)) == [2, 4, 3, 1])
  }

  @Test func whoAsksDearlyComesToTurnLessOften() {
    var fairness = Fairness()
    for id in 0..<4 { fairness.append(.init(id: UInt64(id), deadline: at(9), cost: 4), flow: Self.flow("dear")) }
    for id in 10..<30 { fairness.append(.init(id: UInt64(id), deadline: at(9)), flow: Self.flow("cheap")) }
    let first = value(Self.drain(&fairness).prefix(10))
    #expect(first.count(where: { $0 < 10 }) == 2)
  }

  @Test func whoMayNotBeServedIsPassedAndTheLatestIsGivenUp() {
    var fairness = Fairness()
    fairness.append(.init(id: 1, deadline: at(100)), flow: Self.flow("a"))
    fairness.append(.init(id: 2, deadline: at(900)), flow: Self.flow("b"))
    fairness.append(.init(id: 3, deadline: at(500)), flow: Self.flow("a"))
    #expect(value(fairness.next(where: { $0.host != "a" })?.waiting.id) == 2)
    #expect(value(fairness.next(where: { _ in false })?.waiting.id) == nil)
    #expect(value(fairness.removeLatest()?.waiting.id) == 3)
    #expect(value(fairness.remove(1, flow: Self.flow("a"))))
    #expect(!value(fairness.remove(1, flow: Self.flow("a"))))
    #expect(value(fairness.removeLatest()?.waiting.id) == nil)
  }
}

@Suite struct AdmissionQueueTests {
  private static func flow(_ number: Int) -> FlowKey { FlowKey(principal: "p", host: "h\(number)") }

  /// A queue of limit 8 whose first `count` requests, one a host, are at work.
  private static func busy(_ count: Int) -> AdmissionQueue {
    var queue = AdmissionQueue(limit: ConcurrencyLimit(initial: 8, least: 8, most: 8))
    for id in 0..<count { _ = queue.arrived(UInt64(id), flow: flow(id), .control, deadline: at(1e6), now: at(0)) }
    return queue
  }

  @Test(arguments: [
    // at work, criticality, started
    (7, Criticality.control, true), (8, .control, false), (7, .interactive, true), (8, .interactive, false),
    (6, .batch, true), (7, .batch, false), (4, .optional, true), (5, .optional, false),
  ])
  func whatMattersLessStopsEarlier(working: Int, criticality: Criticality, isStarted: Bool) {
    var queue = Self.busy(working)
    let actions = queue.arrived(99, flow: Self.flow(99), criticality, deadline: at(1e6), now: at(0))
    #expect(actions == (isStarted ? [.start(99)] : []))
    #expect(queue.waiting == (isStarted ? 0 : 1))
  }

  @Test func whatMattersMoreIsServedFirst() {
    var queue = Self.busy(8)
    for (id, criticality) in [(20, Criticality.optional), (21, .batch), (22, .interactive), (23, .control)] {
      _ = queue.arrived(UInt64(id), flow: Self.flow(id), criticality, deadline: at(1e6), now: at(0))
    }
    var order: [AdmissionQueue.Action] = []
    for id in 0..<8 { order += queue.finished(UInt64(id), sample: nil, now: at(1)) }
    #expect(order == [.start(23), .start(22), .start(21), .start(20)])
    #expect(queue.working == 4)
  }

  @Test func oneHostHasEightAndAQuarterWhileOthersWait() {
    var queue = AdmissionQueue(limit: ConcurrencyLimit(initial: 64, least: 64, most: 64))
    for id in 0..<20 { _ = queue.arrived(UInt64(id), flow: Self.flow(1), .interactive, deadline: at(1e6), now: at(0)) }
    #expect(queue.working == 8 && queue.waiting == 12)
    var small = AdmissionQueue(limit: ConcurrencyLimit(initial: 8, least: 8, most: 8))
    for id in 0..<6 { _ = small.arrived(UInt64(id), flow: Self.flow(1), .interactive, deadline: at(1e6), now: at(0)) }
    #expect(small.working == 6)
    for id in 10..<14 {
      _ = small.arrived(UInt64(id), flow: Self.flow(id), .interactive, deadline: at(1e6), now: at(0))
    }
    _ = small.arrived(20, flow: Self.flow(1), .interactive, deadline: at(1e6), now: at(0))
    #expect(value(small.finished(0, sample: nil, now: at(1))) != [.start(20)])
  }

  @Test func aFullQueueRefusesOrGivesUpTheLeast() {
    var queue = Self.busy(8)
    for id in 100..<132 {
      #expect(value(queue.arrived(UInt64(id), flow: Self.flow(id), .batch, deadline: at(1e6), now: at(0))).isEmpty)
    }
    guard
      case .shed(200, let pushback)? = queue.arrived(200, flow: Self.flow(200), .batch, deadline: at(1e6), now: at(0))
        .first
    else {
      Issue.record("not refused")
      return
    }
    #expect(pushback >= .milliseconds(50) && pushback <= .seconds(2))
    let actions = queue.arrived(201, flow: Self.flow(201), .interactive, deadline: at(1e6), now: at(0))
    #expect(actions.count == 1 && actions != [.start(201)])
    #expect(queue.waiting == 32)
  }

  @Test func aHostThatIsFullKeepsNobodyElseOut() {
    var queue = AdmissionQueue(limit: ConcurrencyLimit(initial: 32, least: 32, most: 32))
    var actions: [AdmissionQueue.Action] = []
    for id in 0..<80 {
      actions += queue.arrived(UInt64(id), flow: Self.flow(1), .interactive, deadline: at(1e6), now: at(0))
    }
    #expect(actions.count == 16 && queue.working == 8 && queue.waiting == 64)
    guard case .shed(79, _)? = actions.last else {
      Issue.record("not refused")
      return
    }
    #expect(
      value(queue.arrived(100, flow: Self.flow(2), .optional, deadline: at(1e6), now: at(0))) == [.start(100)])
  }

  @Test func whoIsParkedMakesRoomAndCountsForItsHost() {
    var queue = Self.busy(8)
    _ = queue.arrived(50, flow: Self.flow(50), .control, deadline: at(1e6), now: at(0))
    #expect(value(queue.parked(0, now: at(1))) == [.start(50)])
    #expect(value(queue.parked(0, now: at(1))).isEmpty)
    #expect(value(queue.parked(99, now: at(1))).isEmpty)
    #expect(queue.working == 8)
    queue.resumed(0)
    queue.resumed(0)
    queue.resumed(50)
    #expect(queue.working == 9)
    _ = queue.parked(0, now: at(2))
    for id in [0, 1, 2, 3, 4, 5, 6, 7, 50] { _ = queue.finished(UInt64(id), sample: nil, now: at(3)) }
    #expect(queue.working == 0 && queue.waiting == 0)
    for id in 0..<8 {
      _ = queue.arrived(UInt64(id), flow: Self.flow(1), .control, deadline: at(1e6), now: at(4))
      _ = queue.parked(UInt64(id), now: at(4))
    }
    #expect(value(queue.arrived(9, flow: Self.flow(1), .control, deadline: at(1e6), now: at(4))).isEmpty)
    #expect(queue.working == 0 && queue.waiting == 1)
  }

  @Test func whatWouldComeTooLateIsRefusedAtTheDoorAndInTheQueue() {
    var queue = Self.busy(8)
    _ = queue.arrived(50, flow: Self.flow(50), .interactive, deadline: at(1_050), now: at(0))
    // A request takes 100 ms.
    for id in 0..<7 { _ = queue.finished(UInt64(id), sample: 0.1, now: at(100)) }
    for id in 60..<67 { _ = queue.arrived(UInt64(id), flow: Self.flow(id), .control, deadline: at(1e6), now: at(400)) }
    let late = queue.arrived(70, flow: Self.flow(70), .interactive, deadline: at(1_010), now: at(1_000))
    #expect(late == [.tooLate(70)])
    // Control is never too late.
    #expect(
      value(queue.arrived(71, flow: Self.flow(71), .control, deadline: at(1_010), now: at(1_000))) != [.tooLate(71)])
  }

  /// A request takes 100 ms, and as many wait as work at once: the last to come has its turn in 200 ms.
  @Test(arguments: [(150.0, false), (250, true)])
  func whatWouldWaitTooLongIsRefusedWhenItComes(time: Double, isLetIn: Bool) {
    var queue = Self.busy(8)
    for id in 0..<7 { _ = queue.finished(UInt64(id), sample: 0.1, now: at(100)) }
    for id in 60..<67 { _ = queue.arrived(UInt64(id), flow: Self.flow(id), .control, deadline: at(1e6), now: at(400)) }
    for id in 80..<88 {
      _ = queue.arrived(UInt64(id), flow: Self.flow(id), .interactive, deadline: at(1e6), now: at(1_000))
    }
    let actions = queue.arrived(99, flow: Self.flow(99), .interactive, deadline: at(1_000 + time), now: at(1_000))
    #expect(actions == (isLetIn ? [] : [.tooLate(99)]))
  }

  @Test func whoLeavesIsForgottenAndEventsTwiceDoNothing() {
    var queue = Self.busy(8)
    _ = queue.arrived(50, flow: Self.flow(50), .interactive, deadline: at(1e6), now: at(0))
    #expect(value(queue.arrived(50, flow: Self.flow(50), .interactive, deadline: at(1e6), now: at(0))).isEmpty)
    queue.withdrawn(50)
    queue.withdrawn(50)
    #expect(queue.waiting == 0)
    #expect(value(queue.finished(50, sample: 1, now: at(1))).isEmpty)
    #expect(value(queue.finished(0, sample: 1, now: at(1))).isEmpty)
    #expect(value(queue.finished(0, sample: 1, now: at(1))).isEmpty)
    #expect(queue.working == 7)
  }
}
