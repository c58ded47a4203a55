import Pool
import Testing

/// Hosts that cannot be reached, connections that end.
@Suite struct PoolFailureTests {
  private static func state(_ world: PoolWorld) -> String {
    switch world.pool.hostState(key("a")) {
    case .running: "running"
    case .connectionCreationFailing: "failing"
    case .circuitOpen: "open"
    }
  }

  @Test func attemptsAreRepeatedThenTheQueueFailsWithTheLastError() {
    let world = PoolWorld(PoolSettings())
    for _ in 0..<3 { world.request(key("a")) }
    world.fail(world.connecting[0], .transient, "first")
    #expect(Self.state(world) == "failing")
    #expect(world.connecting.isEmpty && world.refusals.isEmpty)
    #expect(world.pool.snapshot().backingOff == 1)
    world.pass(.milliseconds(120))
    #expect(world.connecting.count == 1)
    world.fail(world.connecting[0])
    world.pass(.milliseconds(150))
    world.fail(world.connecting[0], .transient, "third")
    #expect(Self.state(world) == "open")
    #expect(world.refusals.map(\.cause) == [.hostFailing, .hostFailing, .hostFailing])
    guard case .hostFailing(let failure, let age, _) = world.refusals.first else { return }
    #expect("\(failure.reason)" == "third" && age == .zero)
  }

  @Test func anOpenCircuitAnswersAtOnceAndProbesOnDemand() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.fail(world.connecting[0], .permanent, "key changed")
    world.pass(.milliseconds(50))
    world.request(key("a"))
    guard case .hostFailing(let failure, let age, let retry) = world.refusals.last else {
      Issue.record("\(world.refusals)")
      return
    }
    #expect("\(failure.reason)" == "key changed")
    #expect(age == .milliseconds(50))
    #expect(retry > .zero && retry <= .milliseconds(70))
    // Nobody asks: nothing is dialled.
    world.pass(.seconds(100))
    #expect(world.connecting.isEmpty)
    world.request(key("a"))
    world.request(key("a"))
    #expect(world.connecting.count == 1)
    world.settle()
    #expect(Self.state(world) == "running")
    #expect(world.granted == 2)
  }

  @Test func aSlowFailureOpensTheCircuitAtOnce() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.pass(.seconds(5))
    world.fail(world.connecting[0])
    #expect(Self.state(world) == "open")
    #expect(world.refusals.count == 1)
  }

  @Test func refusedUsersArePausedForLongerEachTime() {
    let world = PoolWorld(PoolSettings())
    var pauses: [Duration] = []
    for _ in 0..<7 {
      world.request(key("a"))
      world.fail(world.connecting[0], .authentication)
      guard case .hostFailing(_, _, let retry) = world.refusals.last else { return }
      pauses.append(retry)
      world.request(key("a"))
      #expect(world.connecting.isEmpty)
      world.pass(retry)
    }
    #expect(pauses[0] <= .milliseconds(120))
    #expect(
      pauses.dropFirst() == [.seconds(60), .seconds(120), .seconds(240), .seconds(480), .seconds(600), .seconds(600)])
  }

  @Test func oneDeadHostLeavesTheOthersAlone() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.request(key("b"))
    world.fail(world.connecting[0], .permanent)
    world.settle()
    #expect(world.granted == 1)
    #expect(world.refusals.count == 1)
  }

  @Test func aLostConnectionKeepsItsLeasesUntilTheyComeBack() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"), .command)
    world.establish(world.connecting[0])
    world.request(key("a"), .command)
    world.giveBack(world.leases[0])
    world.end(world.open[0], ConnectFailure(.transient, TestError("reset")))
    var figures = world.pool.snapshot()
    #expect(figures.orphanedLeases == 1)
    #expect(figures.occupied == 0)
    world.giveBack(world.leases[0], sound: false)
    figures = world.pool.snapshot()
    #expect(figures.leases == 0 && figures.orphanedLeases == 0 && figures.hosts == 0)
    #expect(figures.counters.connectionsLost == 1)
    #expect(figures.counters.strayReturns == 0)
  }

  @Test func whoWaitsOnALostConnectionGetsAnother() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.settle()
    world.request(key("a"))
    world.giveBack(world.leases[0])
    world.request(key("a"), .files, .request)
    world.giveBack(world.leases[0])
    world.end(world.open[0], ConnectFailure(.transient, TestError("reset")))
    world.request(key("a"))
    world.settle()
    #expect(world.dialled == 2)
    #expect(world.refusals.isEmpty)
  }

  @Test func aHostThatDropsEveryConnectionIsBackedOffFrom() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    world.establish(world.connecting[0])
    world.end(world.open[0], ConnectFailure(.transient, TestError("reset")))
    #expect(Self.state(world) == "failing")
    #expect(world.connecting.isEmpty)
    world.pass(.milliseconds(120))
    #expect(world.connecting.count == 1)
  }

  @Test func eventsOfWhatIsGoneAreIgnored() {
    let world = PoolWorld(PoolSettings())
    world.request(key("a"))
    let id = world.connecting[0]
    world.fail(id, .permanent)
    let lane = LaneID(connection: id, number: 3)
    _ = world.takeLog()
    world.establish(id)
    world.end(id)
    world.openLane(lane)
    world.closeLane(lane)
    world.failLane(lane)
    #expect(world.takeLog() == [])
  }
}
