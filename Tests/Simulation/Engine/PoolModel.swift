import Pool
import Routing

/// An agent's production pool, and who holds what of it. Confined to its world's thread.
final class PoolModel {
  var pool: Pool<Moment>
  /// What a connection takes; seconds.
  let connect: Double
  /// Attempts that wait for a lease, by request, and the other way round.
  var waiting: [RequestID: Int] = [:]
  var requests: [Int: RequestID] = [:]
  var leases: [Int: Lease] = [:]
  /// Hosts by connection.
  var connections: [ConnectionID: Int] = [:]
  var armed: Moment?
  private var evicted: [Int] = []

  init(connections: Int, connect: Double, seed: Mix64) {
    var settings = PoolSettings()
    settings.connections = connections
    settings.connectionsPerHost = 1
    var seed = seed
    pool = Pool(settings: settings, random: SplitMix64(seed: seed.next()))
    self.connect = connect
  }

  func key(_ host: Int) -> PoolKey { PoolKey(host: World.name(host), port: 22, user: "u") }

  func closed(_ connection: ConnectionID) {
    if let host = connections.removeValue(forKey: connection) { evicted.append(host) }
  }

  /// Hosts whose connection was closed since the last time: part of a heartbeat.
  func takeEvicted() -> [Int] {
    defer { evicted = [] }
    return evicted
  }

  var counts: (granted: Int, hits: Int) {
    let counters = pool.snapshot().counters
    return (Int(counters.granted), Int(counters.hits))
  }
}
