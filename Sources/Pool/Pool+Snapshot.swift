extension Pool {
  /// The pool's figures. Takes time with the number of connections and of failing hosts: for reports, not for requests.
  package func snapshot() -> PoolSnapshot {
    var snapshot = PoolSnapshot()
    for id in connections.ids {
      let lanes = connections[id].lanes
      switch connections[id].state {
      case .starting: snapshot.starting += 1
      case .backingOff: snapshot.backingOff += 1
      case .idle: snapshot.idle += 1
      case .leased: snapshot.leased += 1
      case .draining: snapshot.draining += 1
      case .closing: snapshot.closing += 1
      case .lost: snapshot.orphanedLeases += lanes.sessionsHeld
      }
      snapshot.leases += lanes.sessionsHeld
      snapshot.tunnels += lanes.tunnelsHeld
      snapshot.openLanes += lanes.idle
    }
    snapshot.leakedLeases = stage == .stopped ? snapshot.leases : 0
    snapshot.occupied = occupied
    snapshot.bound = settings.connections
    snapshot.waiting = requests.count
    snapshot.handshakesInFlight = handshakes
    snapshot.hosts = hosts.count
    for id in hosts.ids {
      if case .running = hosts[id].state { continue }
      snapshot.hostsFailing += 1
    }
    snapshot.counters = counters
    return snapshot
  }
}
