import Pool
import Testing

/// What falls due: waits, idle times, lifetimes.
@Suite struct PoolTimeTests {
  @Test func aDeadlineEndsTheWaitAndSaysWhatItWaitedFor() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), within: .seconds(2))
    world.pass(.milliseconds(1_999))
    #expect(world.refusals.isEmpty)
    world.pass(.milliseconds(1))
    guard case .deadlinePassed(.handshake, let waited) = world.refusals.first else {
      Issue.record("\(world.refusals)")
      return
    }
    #expect(waited == .seconds(2))
    // The handshake goes on: the next request finds it.
    world.request(key("a"))
    #expect(world.dialled == 1)
  }

  @Test func aRequestWhoseDeadlineHasPassedIsRefusedAtOnce() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), within: .zero)
    #expect(world.refusals.map(\.cause) == [.deadline])
    #expect(world.dialled == 0)
  }

  @Test func aLineThatDoesNotMoveIsGivenUp() {
    var settings = PoolSettings()
    settings.lanesPerConnection = 1
    let world = PoolWorld(settings)
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("a"), .command)
    world.pass(.milliseconds(4_999))
    #expect(world.refusals.isEmpty)
    world.pass(.milliseconds(1))
    #expect(world.refusals.map(\.cause) == [.stuck])
  }

  @Test func aLineThatMovesKeepsItsRequests() {
    var settings = PoolSettings()
    settings.lanesPerConnection = 1
    let world = PoolWorld(settings)
    for _ in 0..<5 { world.request(key("a"), .command) }
    world.establish(world.connecting[0])
    for _ in 0..<5 {
      world.pass(.seconds(4))
      world.giveBack(world.leases[0])
    }
    #expect(world.refusals.isEmpty)
    #expect(world.granted == 5)
  }

  @Test func aNewConnectionIsAMoveOfItsLine() {
    var settings = PoolSettings()
    settings.connections = 1
    let world = PoolWorld(settings)
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("b"))
    world.pass(.seconds(4))
    world.giveBack(world.leases[0])
    world.end(world.closing[0])
    world.pass(.milliseconds(900))
    world.establish(world.connecting[0])
    // b has waited for 4.9 s; its lane is only now being opened.
    world.pass(.milliseconds(300))
    #expect(world.refusals.isEmpty)
    world.settle()
    #expect(world.granted == 2)
  }

  @Test func anIdleConnectionIsClosedAfterTheIdleTimeout() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.settle()
    _ = world.takeLog()
    world.pass(.milliseconds(299_999))
    #expect(world.open.count == 1)
    world.pass(.milliseconds(1))
    #expect(world.takeLog() == ["close 0: idle"])
    world.settle()
    #expect(world.pool.snapshot().hosts == 0)
  }

  @Test func aConnectionAtTheEndOfItsLifeDrains() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.pass(.seconds(1_754))
    #expect(world.pool.snapshot().leased == 1)
    world.pass(.seconds(46))
    #expect(world.pool.snapshot().draining == 1)
    _ = world.takeLog()
    world.request(key("a"), .command)
    #expect(world.takeLog() == ["connect 1 to a"])
    world.giveBack(world.leases[0])
    #expect(world.takeLog() == ["close 0: lifetime"])
    #expect(world.violation == nil)
  }

  @Test func lifetimesAndKeepalivesAreSpread() {
    var keepalives: Set<Duration> = []
    for seed in 0..<50 {
      var pool = Pool<Tick>(settings: PoolSettings(), random: SplitMix64(seed: UInt64(seed)))
      let (_, actions) = pool.leaseRequested(
        key("a"), kind: .files, class: .request, deadline: Tick(1_000_000_000), now: Tick())
      guard case .connect(_, _, _, let keepalive) = actions.list.first else { continue }
      #expect(keepalive >= .milliseconds(13_500) && keepalive <= .milliseconds(16_500))
      keepalives.insert(keepalive)
    }
    #expect(keepalives.count == 50)
  }

  @Test func lanesThatABurstLeftBehindAreClosed() {
    let world = PoolWorld(PoolSettings())
    for _ in 0..<8 { world.request(key("a")) }
    world.settle()
    #expect(world.pool.snapshot().openLanes == 8)
    world.pass(.seconds(40))
    world.settle()
    #expect(world.pool.snapshot().openLanes == 1)
    #expect(world.pool.snapshot().idle == 1)
  }

  @Test func theDriverIsWokenNoOftenerThanNeeded() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.settle()
    let armed = world.wake
    for _ in 0..<100 {
      world.request(key("a"))
      world.giveBack(world.leases[0])
    }
    #expect(world.wake == armed)
  }
}
