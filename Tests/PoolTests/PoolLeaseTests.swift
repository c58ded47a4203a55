import Pool
import Testing

/// Requests, lanes and lines on one host: events on the left, what the pool does on the right.
@Suite struct PoolLeaseTests {
  @Test func aColdHostIsDialledAndItsLanesOpened() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    #expect(world.takeLog() == ["connect 0 to a"])
    world.establish(world.connecting[0])
    #expect(world.takeLog() == ["open lane 0/0"])
    world.openLane(world.openingLanes[0])
    #expect(world.takeLog() == ["grant 0: files 0/0"])
    world.giveBack(world.leases[0])
    #expect(world.takeLog() == [])
    guard case .granted(let grant) = world.request(key("a")) else {
      Issue.record("a warm lane is granted at once")
      return
    }
    #expect(grant.hit)
    #expect(world.takeLog() == [])
    #expect(world.violation == nil)
  }

  @Test func oneHandshakeForAHerd() {
    let world = PoolWorld(PoolSettings())
    for _ in 0..<100 { world.request(key("a")) }
    #expect(world.takeLog() == ["connect 0 to a"])
    world.establish(world.connecting[0])
    #expect(world.openingLanes.count == 8)
    world.settle()
    #expect(world.granted == 100)
    #expect(world.dialled == 1)
    #expect(world.violation == nil)
  }

  @Test func bulkHasAConnectionOfItsOwn() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .files, .request)
    world.request(key("a"), .files, .bulk)
    #expect(world.takeLog() == ["connect 0 to a", "connect 1 to a"])
    world.settle()
    #expect(world.granted == 2)
  }

  @Test func withOneConnectionPerHostTheClassesShareIt() {
    var settings = PoolSettings()
    settings.connectionsPerHost = 1
    let world = PoolWorld(settings)
    world.request(key("a"), .files, .request)
    world.request(key("a"), .files, .bulk)
    world.settle()
    #expect(world.dialled == 1)
    #expect(world.granted == 2)
  }

  @Test func aCommandNeedsNoLane() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    #expect(world.takeLog() == ["connect 0 to a", "grant 0: command 0/0"])
  }

  @Test func aCommandTakesThePlaceOfAnIdleLane() {
    var settings = PoolSettings()
    settings.lanesPerConnection = 1
    let world = PoolWorld(settings)
    world.request(key("a"))
    world.settle()
    _ = world.takeLog()
    world.request(key("a"), .command)
    #expect(world.takeLog() == ["close lane 0/0"])
    world.closeLane(world.closingLanes[0])
    #expect(world.takeLog() == ["grant 0: command 0/0"])
  }

  @Test func whoCameFirstIsServedFirst() {
    var settings = PoolSettings()
    settings.lanesPerConnection = 1
    let world = PoolWorld(settings)
    for _ in 0..<4 { world.request(key("a")) }
    world.settle()
    #expect(
      world.takeLog().filter { $0.hasPrefix("grant") }.map { $0.prefix(7) } == [
        "grant 0", "grant 1", "grant 2", "grant 3",
      ])
    #expect(world.violation == nil)
  }

  @Test func aBrokenLaneIsClosedAndNeverReturned() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.establish(world.connecting[0])
    world.openLane(world.openingLanes[0])
    _ = world.takeLog()
    world.giveBack(world.leases[0], sound: false)
    #expect(world.takeLog() == ["close lane 0/0"])
    world.request(key("a"))
    #expect(world.takeLog() == ["open lane 0/1"])
  }

  @Test func aCancelledRequestIsRefusedOnceAndLeavesTheLine() {
    let world = PoolWorld(PoolSettings())
    guard case .waiting(let first) = world.request(key("a")) else { return }
    world.request(key("a"))
    _ = world.takeLog()
    world.cancel(first)
    world.cancel(first)
    #expect(world.takeLog() == ["refuse 0: cancelled"])
    world.settle()
    #expect(world.granted == 1)
  }

  @Test func aFullQueueRefuses() {
    var settings = PoolSettings()
    settings.queuePerHost = 2
    settings.queue = 3
    let world = PoolWorld(settings)
    for name in ["a", "a", "a", "b", "b"] { world.request(key(name)) }
    #expect(world.refusals.map(\.cause) == [.hostQueueFull, .poolQueueFull])
  }

  @Test func aLeaseGivenBackTwiceIsNoticedAndHarmless() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.establish(world.connecting[0])
    world.openLane(world.openingLanes[0])
    let lease = world.leases[0]
    world.giveBack(lease)
    world.giveBack(lease)
    #expect(world.pool.snapshot().counters.strayReturns == 1)
    #expect(world.pool.snapshot().leases == 0)
  }

  @Test func aPeerThatAllowsFewerLanesIsUsedWithThose() {
    let world = PoolWorld(PoolSettings())
    for _ in 0..<4 { world.request(key("a")) }
    world.establish(world.connecting[0])
    world.openLane(world.openingLanes[0])
    while let lane = world.openingLanes.first { world.failLane(lane) }
    #expect(world.refusals.isEmpty)
    world.settle()
    #expect(world.granted == 4)
    #expect(world.violation == nil)
  }

  @Test func aPeerThatAllowsNoLaneRefusesOneRequestEach() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.establish(world.connecting[0])
    world.failLane(world.openingLanes[0])
    #expect(world.refusals.map(\.cause) == [.laneRefused])
    #expect(world.pool.snapshot().idle == 1)
  }

  @Test func figuresAddUp() throws {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.pass(.milliseconds(40))
    world.establish(world.connecting[0])
    world.pass(.milliseconds(10))
    world.openLane(world.openingLanes[0])
    world.giveBack(world.leases[0])
    for _ in 0..<3 {
      world.request(key("a"))
      world.giveBack(world.leases[0])
    }
    let figures = world.pool.snapshot()
    #expect(figures.hitRatio == 0.75)
    #expect(figures.counters.requests == 4)
    #expect(figures.counters.connectionsMade == 1)
    #expect(figures.idle == 1 && figures.openLanes == 1 && figures.occupied == 1)
    let longest = try #require(figures.counters.acquireWait.quantile(1))
    #expect(longest > .milliseconds(44) && longest < .milliseconds(57))
  }
}
