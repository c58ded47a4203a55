import Testing

@testable import Pool

@Suite struct SlabTests {
  @Test func aNameNeverComesToMeanAnotherElement() {
    var slab = Slab<Int, HostTag>()
    let first = slab.insert(1)
    slab.remove(first)
    let second = slab.insert(2)
    #expect(second.position == first.position)
    #expect(!slab.contains(first))
    slab.remove(first)
    #expect(slab[second] == 2)
    #expect(slab.ids == [second])
    #expect(slab.count == 1)
  }
}

@Suite struct TimerHeapTests {
  @Test func timersFireInOrderAndCancelledOnesNever() {
    var random = SplitMix64(seed: 7)
    var timers = TimerHeap<Tick, Int64>()
    var expected: [Int64] = []
    var cancelled: [TimerID] = []
    for _ in 0..<500 {
      let due = Int64(random.next() % 1_000)
      let timer = timers.schedule(due, at: Tick(due))
      if random.next() % 3 == 0 { cancelled.append(timer) } else { expected.append(due) }
    }
    for timer in cancelled { timers.cancel(timer) }
    #expect(timers.count == expected.count)
    var fired: [Int64] = []
    for now in stride(from: Int64(0), through: 1_000, by: 50) {
      while let due = timers.popDue(Tick(now)) {
        #expect(due <= now)
        fired.append(due)
      }
    }
    #expect(fired == expected.sorted())
    #expect(timers.next == nil)
  }
}

@Suite struct BackoffTests {
  @Test(arguments: [(1, 100), (2, 125), (3, 156), (10, 745), (30, 60_000), (1_000, 60_000)])
  func pausesGrowToTheCap(failures: Int, milliseconds: Int) {
    let backoff = Backoff(initial: .milliseconds(100), factor: 1.25, jitter: 0, cap: .seconds(60))
    var random = SplitMix64(seed: 1)
    let pause = backoff.pause(after: failures, random: &random)
    #expect(abs((pause - .milliseconds(milliseconds)) / .milliseconds(1)) <= 1)
  }

  @Test func jitterSpreadsToBothSides() {
    let backoff = PoolSettings().backoff
    var random = SplitMix64(seed: 2)
    let pauses = (0..<1_000).map { _ in backoff.pause(after: 1, random: &random) }
    #expect(pauses.allSatisfy { $0 >= .milliseconds(80) && $0 <= .milliseconds(120) })
    #expect(pauses.contains { $0 < .milliseconds(84) } && pauses.contains { $0 > .milliseconds(116) })
  }
}

@Suite struct LatencyHistogramTests {
  @Test(arguments: [3, 50, 1_000, 44_000, 9_000_000])
  func aQuantileIsRightWithinAnEighth(microseconds: Int) throws {
    var histogram = LatencyHistogram()
    for _ in 0..<100 { histogram.record(.microseconds(microseconds)) }
    let median = try #require(histogram.quantile(0.5))
    #expect(abs(median / .microseconds(1) - Double(microseconds)) <= max(1, 0.125 * Double(microseconds)))
    #expect(histogram.count == 100)
  }

  @Test func extremesStayInRange() {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(0.99) == nil)
    histogram.record(.seconds(-1))
    histogram.record(.seconds(1_000_000))
    #expect(histogram.quantile(0) == .zero)
    #expect(histogram.quantile(1).map { $0 > .seconds(900) } == true)
  }
}

@Suite struct LaneTableTests {
  private static let connection = ConnectionID(position: 0, generation: 0)

  private static func lease(_ lane: Int, _ kind: LeaseKind, _ number: UInt64) -> Lease {
    Lease(lane: LaneID(connection: connection, number: lane), kind: kind, number: number)
  }

  @Test func sessionsAreBoundedTogetherAndTunnelsApart() throws {
    var lanes = LaneTable(limit: 2, tunnelLimit: 1)
    let opening = try #require(value(lanes.startOpening()))
    #expect(value(lanes.take(.command, number: 1)) != nil)
    #expect(value(lanes.take(.command, number: 2)) == nil)
    #expect(value(lanes.startOpening()) == nil)
    #expect(value(lanes.take(.tunnel, number: 3)) != nil)
    #expect(value(lanes.take(.tunnel, number: 4)) == nil)
    #expect(value(lanes.opened(opening)))
    #expect(!value(lanes.opened(opening)))
    #expect(value(lanes.take(.files, number: 5)) == opening)
    #expect(lanes.held == 3)
  }

  @Test func aLeaseComesBackOnce() throws {
    var lanes = LaneTable(limit: 2, tunnelLimit: 1)
    let lane = try #require(value(lanes.take(.command, number: 1)))
    #expect(value(lanes.giveBack(Self.lease(lane, .command, 9), sound: true)) == .unknown)
    #expect(value(lanes.giveBack(Self.lease(lane, .command, 1), sound: true)) == .free)
    #expect(value(lanes.giveBack(Self.lease(lane, .command, 1), sound: true)) == .unknown)
    #expect(value(lanes.giveBack(Self.lease(77, .command, 1), sound: true)) == .unknown)
  }

  @Test func aBrokenLaneCountsUntilItIsClosed() throws {
    var lanes = LaneTable(limit: 1, tunnelLimit: 1)
    let lane = try #require(value(lanes.startOpening()))
    #expect(value(lanes.opened(lane)))
    #expect(value(lanes.take(.files, number: 1)) == lane)
    #expect(value(lanes.giveBack(Self.lease(lane, .files, 1), sound: false)) == .mustClose)
    #expect(lanes.room == 0)
    lanes.closed(lane)
    #expect(lanes.room == 1)
  }

  @Test func aRefusedSessionBesideOthersTeachesTheLimit() throws {
    var lanes = LaneTable(limit: 8, tunnelLimit: 1)
    _ = lanes.take(.command, number: 1)
    _ = lanes.take(.command, number: 2)
    let third = try #require(value(lanes.startOpening()))
    #expect(value(lanes.openFailed(third)))
    #expect(lanes.limit == 2)
  }

  @Test func surplusIsWhatABurstLeftBehind() throws {
    var lanes = LaneTable(limit: 8, tunnelLimit: 1)
    for number in 0..<4 {
      let lane = try #require(value(lanes.startOpening()))
      #expect(value(lanes.opened(lane)))
      _ = lanes.take(.files, number: UInt64(number))
    }
    for number in 0..<4 { _ = lanes.giveBack(Self.lease(number, .files, UInt64(number)), sound: true) }
    #expect(value(lanes.surplus()) == 0)
    #expect(value(lanes.surplus()) == 3)
  }
}

/// Evaluates before the macro looks: what it looks at must not change by that.
private func value<Value>(_ value: Value) -> Value { value }
