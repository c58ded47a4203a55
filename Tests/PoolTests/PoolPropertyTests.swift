import Pool
import Testing

/// The properties of the pool over random sequences of events. A failure names its seed; the same
/// seed always gives the same sequence.
@Suite(.serialized) struct PoolPropertyTests {
  /// 8 x 12 500 sequences on all processors, giving way, since other tests beside this one have deadlines.
  @Test func everyPropertyHoldsOverRandomSequences() async {
    await withDiscardingTaskGroup { group in
      for share in 0..<8 { group.addTask { await run(share) } }
    }
  }

  private func run(_ share: Int) async {
    for number in 0..<12_500 {
      let seed = UInt64(share * 12_500 + number)
      if number % 50 == 0 { await Task.yield() }
      var storm = Storm(seed: seed)
      if let violation = storm.run() {
        var again = Storm(seed: seed, keepsLog: true)
        _ = again.run()
        Issue.record("seed \(seed): \(violation), after\n\(again.log.suffix(60).joined(separator: "\n"))")
        return
      }
    }
  }
}

/// One random life of a small pool, to the end.
private struct Storm {
  private var random: SplitMix64
  private let world: PoolWorld
  private let keys: [PoolKey]

  var log: [String] { world.log }

  init(seed: UInt64, keepsLog: Bool = false) {
    random = SplitMix64(seed: seed)
    var settings = PoolSettings()
    settings.connections = 2 + Int(random.next() % 4)
    settings.connectionsPerHost = 1 + Int(random.next() % 3)
    settings.lanesPerConnection = 1 + Int(random.next() % 3)
    settings.tunnelsPerConnection = 1 + Int(random.next() % 2)
    settings.queuePerHost = 3 + Int(random.next() % 4)
    settings.queue = 8
    settings.handshakes = 1 + Int(random.next() % 3)
    settings.idleTimeout = .seconds(20)
    settings.lifetime = .seconds(40)
    world = PoolWorld(settings, seed: seed, keepsLog: keepsLog, keepsEvents: keepsLog)
    let bastion = key("bastion")
    let inner = key("inner", via: bastion)
    keys = [key("a"), key("b"), bastion, inner, key("deep", via: bastion, key("inner"))]
  }

  /// The first violation, or nil.
  mutating func run() -> String? {
    for _ in 0..<(15 + Int(random.next() % 30)) {
      step()
      if let violation = world.violation { return violation }
    }
    return random.next() % 4 == 0 ? shutDown() : comeToRest()
  }

  private mutating func pick<Element>(_ list: [Element]) -> Element? {
    list.isEmpty ? nil : list[Int(random.next() % UInt64(list.count))]
  }

  private mutating func step() {
    switch random.next() % 20 {
    case 0..<6:
      let kind: LeaseKind = random.next() % 3 == 0 ? .command : .files
      let limit = Duration.milliseconds(Int64(1 + random.next() % 20_000))
      if let key = pick(keys) { world.request(key, kind, random.next() % 4 == 0 ? .bulk : .request, within: limit) }
    case 6..<9:
      if let id = pick(world.connecting) { world.establish(id) }
    case 9:
      let kinds: [ConnectFailure.Kind] = [.transient, .transient, .authentication, .permanent]
      if let id = pick(world.connecting), let kind = pick(kinds) { world.fail(id, kind) }
    case 10..<13:
      if let lane = pick(world.openingLanes) { world.openLane(lane) }
    case 13:
      if let lane = pick(world.openingLanes), random.next() % 3 == 0 { world.failLane(lane) }
      if let lane = pick(world.closingLanes) { world.closeLane(lane) }
    case 14..<17:
      if let lease = pick(world.leases) {
        if lease.kind == .command, random.next() % 6 == 0 {
          world.refuseCommand(lease)
        } else {
          world.giveBack(lease, sound: random.next() % 5 != 0)
        }
      }
    case 17:
      if let id = pick(world.closing) { world.end(id) }
    case 18:
      if let request = pick(world.waiting.keys.sorted { $0.position < $1.position }) { world.cancel(request) }
      if random.next() % 4 == 0, let id = pick(world.open) {
        world.end(id, ConnectFailure(.transient, TestError("reset")))
      }
      if random.next() % 8 == 0, let id = pick(world.open) { world.obstruct(id) }
    default:
      world.pass(.milliseconds(Int64(random.next() % 6_000)))
    }
  }

  private func comeToRest() -> String? {
    for _ in 0..<20 {
      world.settle()
      if world.violation != nil || (world.waiting.isEmpty && world.leases.isEmpty) { break }
      world.pass(.seconds(5))
    }
    if let violation = world.violation { return violation }
    if !world.waiting.isEmpty { return "\(world.waiting.count) requests were never answered" }
    // All that is left is idle; then the idle timeout ends it, the outer connections after the inner ones.
    for _ in 0..<4 {
      world.pass(.seconds(21))
      world.settle()
    }
    let rest = world.pool.snapshot()
    if rest.occupied != 0 || rest.leases != 0 || rest.tunnels != 0 || rest.handshakesInFlight != 0 {
      return "not at rest: \(rest)"
    }
    return counters(rest)
  }

  private mutating func shutDown() -> String? {
    world.shutDown()
    if !world.waiting.isEmpty { return "requests survived the shutdown" }
    if random.next() % 2 == 0 { world.force() }
    world.settle()
    if let violation = world.violation { return violation }
    if world.stops != 1 { return "stopped \(world.stops) times" }
    let rest = world.pool.snapshot()
    if rest.leakedLeases != 0 || rest.occupied != 0 { return "not stopped: \(rest)" }
    return counters(rest)
  }

  private func counters(_ rest: PoolSnapshot) -> String? {
    if rest.counters.evictedInUse != 0 { return "evicted in use" }
    if rest.counters.strayReturns != 0 { return "stray returns" }
    if rest.hosts != rest.hostsFailing { return "\(rest.hosts) hosts remembered, \(rest.hostsFailing) failing" }
    let refused = rest.counters.refused.values.reduce(0, +)
    if rest.counters.requests != rest.counters.granted + refused { return "requests do not add up: \(rest.counters)" }
    return nil
  }
}
