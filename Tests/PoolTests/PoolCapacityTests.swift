import Pool
import Testing

/// The bound over all hosts: who waits, who is evicted, who is never.
@Suite struct PoolCapacityTests {
  private static func settings(_ connections: Int) -> PoolSettings {
    var settings = PoolSettings()
    settings.connections = connections
    return settings
  }

  @Test func theLeastRecentlyUsedIdleConnectionMakesWay() {
    let world = PoolWorld(Self.settings(3))
    for name in ["a", "b", "c"] {
      world.request(key(name))
      world.settle()
    }
    world.request(key("a"))
    world.giveBack(world.leases[0])
    _ = world.takeLog()
    world.request(key("d"))
    #expect(world.takeLog() == ["close 1: evicted"])
    world.end(world.closing[0])
    #expect(world.takeLog() == ["connect 1 to d"])
    #expect(world.pool.snapshot().counters.evictedInUse == 0)
  }

  @Test func whenAllAreLeasedTheNextWaits() {
    let world = PoolWorld(Self.settings(1))
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("b"), .command)
    _ = world.takeLog()
    world.pass(.milliseconds(900))
    #expect(world.takeLog() == [])
    world.giveBack(world.leases[0])
    #expect(world.takeLog() == ["close 0: evicted"])
    world.settle()
    #expect(world.granted == 2)
    #expect(world.violation == nil)
  }

  @Test func aHostThatStaysBusyHandsItsConnectionOn() {
    let world = PoolWorld(Self.settings(1))
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("b"), .command)
    world.pass(.seconds(1))
    #expect(world.pool.snapshot().draining == 1)
    world.request(key("a"), .command)
    _ = world.takeLog()
    world.giveBack(world.leases[0])
    #expect(world.takeLog() == ["close 0: handedOver"])
    world.settle()
    #expect(world.granted == 3)
    #expect(world.violation == nil)
  }

  @Test func aHundredHostsShareTwentyConnections() {
    let world = PoolWorld(Self.settings(20))
    for round in 0..<20 {
      for host in 0..<100 { world.request(key("h\((host + round) % 100)")) }
    }
    #expect(world.connecting.count == 16)
    world.settle()
    #expect(world.granted == 2_000)
    #expect(world.refusals.isEmpty)
    #expect(world.violation == nil)
    #expect(world.dialled == 100)
    #expect(world.pool.snapshot().counters.occupiedPeak == 20)
  }

  @Test func handshakesInFlightAreBounded() {
    var settings = PoolSettings()
    settings.handshakes = 2
    let world = PoolWorld(settings)
    for name in ["a", "b", "c"] { world.request(key(name)) }
    #expect(world.connecting.count == 2)
    world.establish(world.connecting[0])
    #expect(world.connecting.count == 2)
    world.settle()
    #expect(world.granted == 3)
  }

  @Test func moreConnectionsPerHostOpenOnlyForThoseWhoFindNoRoom() {
    var settings = PoolSettings()
    settings.connectionsPerHost = 4
    let world = PoolWorld(settings)
    for _ in 0..<8 { world.request(key("a")) }
    #expect(world.dialled == 1)
    world.request(key("a"))
    #expect(world.dialled == 2)
    for _ in 0..<100 { world.request(key("a")) }
    #expect(world.dialled == 3)
    world.settle()
    #expect(world.violation == nil)
  }
}
