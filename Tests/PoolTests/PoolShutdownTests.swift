import Pool
import Testing

@Suite struct PoolShutdownTests {
  @Test func leasesEndInPeaceAndNothingBegins() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("b"))
    world.settle()
    world.request(key("a"), .command)
    world.request(key("c"))
    _ = world.takeLog()
    world.shutDown()
    #expect(world.takeLog().sorted() == ["close 1: shutdown", "close 2: shutdown", "refuse 0: shutting_down"])
    world.request(key("b"))
    #expect(world.refusals.last?.cause == .shuttingDown)
    #expect(world.stops == 0)
    world.settle()
    #expect(world.stops == 1)
    #expect(world.pool.snapshot().leakedLeases == 0)
    #expect(world.violation == nil)
  }

  @Test func whenTheGraceIsOverEverythingCloses() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.shutDown()
    #expect(world.pool.snapshot().draining == 1)
    _ = world.takeLog()
    world.force()
    #expect(world.takeLog() == ["close 0: forced"])
    world.end(world.closing[0])
    #expect(world.stops == 1)
    #expect(world.pool.snapshot().leakedLeases == 1)
    world.giveBack(world.leases[0])
    #expect(world.pool.snapshot().leakedLeases == 0)
  }

  @Test func anEmptyPoolStopsAtOnce() {
    let world = PoolWorld(PoolSettings())
    world.shutDown()
    world.shutDown()
    #expect(world.takeLog() == ["stopped"])
  }
}
