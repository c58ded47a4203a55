/// The end: what is out may finish, nothing new begins.
extension Pool {
  /// Refuses everybody who waits, closes what is idle or being made, drains the rest. `stopped` follows once.
  package mutating func shutdownBegan(now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    guard stage == .running else { return out }
    stage = .draining
    for id in requests.ids where requests.contains(id) {
      if case .user = requests[id].asker { refuse(id, .shuttingDown, now: now, &out) }
    }
    line.removeAll()
    if let timer = handOver.take() { timers.cancel(timer) }
    for id in connections.ids where connections.contains(id) {
      switch connections[id].state {
      case .starting(let request, _):
        if let request {
          refuse(request, .shuttingDown, now: now, &out)
        } else {
          close(id, .shutdown, &out)
        }
      case .backingOff: forget(id)
      case .idle: close(id, .shutdown, &out)
      case .leased: drain(id, .shutdown, &out)
      case .draining, .closing, .lost: break
      }
    }
    stopIfDone(&out)
    arm(&out)
    return out
  }

  /// The grace is over: what is still open closes, leases or not.
  package mutating func shutdownForced(now: Instant) -> PoolActions<Instant> {
    var out = shutdownBegan(now: now)
    for id in connections.ids where connections.contains(id) { close(id, .forced, &out) }
    return out
  }

  private mutating func forget(_ id: ConnectionID) {
    let host = connections[id].host
    if let timer = connections[id].timer { timers.cancel(timer) }
    hosts[host].connections.removeAll { $0 == id }
    connections.remove(id)
    forgetIfUnused(host)
  }

  mutating func stopIfDone(_ out: inout PoolActions<Instant>) {
    guard stage == .draining, occupied == 0 else { return }
    stage = .stopped
    out.append(.stopped)
  }
}
