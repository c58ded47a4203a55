import Pool
import Testing

/// Connections through jump hosts.
@Suite struct PoolTunnelTests {
  private let bastion = key("bastion")
  private var inner: PoolKey { key("inner", via: bastion) }

  @Test func theJumpHostIsDialledFirstAndHeld() {
    let world = PoolWorld(PoolSettings())
    world.request(inner)
    #expect(world.takeLog() == ["connect 1 to bastion"])
    #expect(world.pool.knownKeys == [inner, bastion])
    world.establish(world.connecting[0])
    #expect(world.takeLog() == ["connect 0 to inner over 1"])
    world.settle()
    #expect(world.granted == 1)
    #expect(world.pool.snapshot().tunnels == 1)
    // The outer connection is in use as long as the inner one stands.
    #expect(world.pool.snapshot().leased == 1 && world.pool.snapshot().idle == 1)
    world.pass(.seconds(300))
    world.settle()
    #expect(world.pool.snapshot().tunnels == 0)
    world.pass(.seconds(300))
    world.settle()
    #expect(world.pool.snapshot().occupied == 0)
    #expect(world.pool.knownKeys.isEmpty)
    #expect(world.violation == nil)
  }

  @Test func anObstructedConnectionKeepsItsTunnelsAndGetsNoMore() {
    let world = PoolWorld(PoolSettings())
    world.request(inner)
    world.settle()
    _ = world.takeLog()
    let outer = world.dialled
    world.obstruct(of: bastion)
    world.request(key("other", via: bastion))
    world.settle()
    #expect(world.granted == 2 && world.dialled == outer + 2)
    #expect(world.pool.snapshot().draining == 1 && world.pool.snapshot().tunnels == 2)
    world.pass(.seconds(300))
    world.settle()
    #expect(world.pool.snapshot().counters.closed[.obstructed] == 1)
    #expect(world.violation == nil)
  }

  @Test func manyHostsShareOneJumpHost() {
    let world = PoolWorld(PoolSettings())
    for number in 0..<10 { world.request(key("h\(number)", via: bastion)) }
    #expect(world.takeLog() == ["connect 1 to bastion"])
    world.settle()
    #expect(world.granted == 10)
    #expect(world.dialled == 11)
    #expect(world.violation == nil)
  }

  @Test func aChainStartsOnlyWhenAllOfItFits() {
    var settings = PoolSettings()
    settings.connections = 2
    let world = PoolWorld(settings)
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(inner)
    #expect(world.connecting.isEmpty)
    world.giveBack(world.leases[0])
    world.settle()
    #expect(world.granted == 2)
    #expect(world.violation == nil)
  }

  @Test func aChainLongerThanThePoolIsRefused() {
    var settings = PoolSettings()
    settings.connections = 1
    let world = PoolWorld(settings)
    world.request(inner)
    #expect(world.refusals.map(\.cause) == [.chainTooLong])
  }

  @Test func aDeadJumpHostIsTheInnerHostsError() {
    let world = PoolWorld(PoolSettings())
    world.request(inner)
    world.fail(world.connecting[0], .authentication, "the jump host refuses")
    guard case .hostFailing(let failure, _, _) = world.refusals.first else {
      Issue.record("\(world.refusals)")
      return
    }
    #expect("\(failure.reason)" == "the jump host refuses")
    #expect(failure.kind == .permanent)
    #expect(world.pool.snapshot().occupied == 0)
  }
}
