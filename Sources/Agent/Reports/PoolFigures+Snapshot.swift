import AgentAPI
import Pool

extension PoolFigures {
  init(_ snapshot: PoolSnapshot) {
    self.init()
    bound = UInt32(clamping: snapshot.bound)
    starting = UInt32(clamping: snapshot.starting + snapshot.backingOff)
    idle = UInt32(clamping: snapshot.idle)
    leased = UInt32(clamping: snapshot.leased)
    draining = UInt32(clamping: snapshot.draining + snapshot.closing)
    lanesLeased = UInt32(clamping: snapshot.leases)
    waiting = UInt32(clamping: snapshot.waiting)
    hits = snapshot.counters.hits
    misses = snapshot.counters.granted - min(snapshot.counters.granted, snapshot.counters.hits)
    evictions = snapshot.counters.closed.values.reduce(0, +)
    refusals = snapshot.counters.refused.values.reduce(0, +)
  }
}
