/// The bound: who may make a connection, and what makes way for it.
extension Pool {
  /// One host and class at a time asks for a connection; it starts at once where there is room.
  mutating func standInLine(
    _ host: HostID, _ serves: LeaseClass, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    guard stage == .running else { return }
    if !hosts[host][stands: serves] {
      hosts[host][stands: serves] = true
      if line.isEmpty { lineMoved = now }
      line.append(Standing(host: host, serves: serves, since: now))
    }
    advanceLine(now: now, &out)
  }

  /// Starts connections for the first in line while bound and permits allow it; evicts idle ones where the bound does
  /// not. A connection through jump hosts starts when there is room for the whole chain, so that chains never wait for
  /// each other's places.
  mutating func advanceLine(now: Instant, _ out: inout PoolActions<Instant>) {
    while stage == .running, let first = line.first {
      guard hosts.contains(first.host), isWanted(first, now: now) else {
        leaveLine()
        continue
      }
      guard handshakes < settings.handshakes else { break }
      let needed = 1 + coldHops(to: first.host)
      guard occupied + needed <= settings.connections else {
        makeRoom(for: needed, &out)
        break
      }
      leaveLine()
      lineMoved = now
      start(first.host, serves: first.serves, counted: true, now: now, &out)
    }
    if line.isEmpty {
      if let timer = handOver.take() { timers.cancel(timer) }
    } else if handOver == nil {
      handOver = timers.schedule(.handOver, at: now.advanced(by: settings.handOver))
    }
  }

  private mutating func leaveLine() {
    let first = line.removeFirst()
    if hosts.contains(first.host) { hosts[first.host][stands: first.serves] = false }
  }

  private func isWanted(_ standing: Standing<Instant>, now: Instant) -> Bool {
    switch standing.serves {
    case .bulk: needsConnection(standing.host, .bulk, now: now)
    case .request:
      needsConnection(standing.host, .requests, now: now) || needsConnection(standing.host, .tunnels, now: now)
    }
  }

  /// Evicts the least recently used of the idle, as many as the line can use now and no more than it needs.
  private mutating func makeRoom(for needed: Int, _ out: inout PoolActions<Instant>) {
    let others = min(line.count, settings.handshakes - handshakes) - 1
    var short = occupied + needed + others - settings.connections - leaving
    while short > 0, let oldest = idle.first {
      close(oldest, .evicted, &out)
      short -= 1
    }
  }

  /// Jump hosts on the way that have no connection yet.
  private func coldHops(to host: HostID) -> Int {
    var cold = 0
    var next = hosts[host].key.outer
    while let key = next {
      let isWarm =
        hostNames[key].map { hop in
          hosts[hop].connections.contains {
            connections[$0].serves == .request && (connections[$0].isUsable || isStarting($0))
          }
        } ?? false
      if isWarm { break }
      cold += 1
      next = key.outer
    }
    return cold
  }

  /// Somebody stands in line for `handOver` and longer: connections that were busy for longest take no new leases, a
  /// quarter of the bound at a time. One that carries tunnels is left alone: it ends when those behind it have.
  mutating func handOverDue(now: Instant, _ out: inout PoolActions<Instant>) {
    handOver = nil
    advanceLine(now: now, &out)
    guard let first = line.first, handshakes < settings.handshakes, idle.isEmpty,
      first.since.advanced(by: settings.handOver) <= now
    else { return }
    var share = min(line.count, max(1, settings.connections / 4)) - leaving - handingOver
    var next = busy.first
    while share > 0, let id = next {
      next = connections[id].link.next
      guard connections[id].lanes.tunnelsHeld == 0, connections[id].established.map({ $0 <= first.since }) ?? false
      else { continue }
      drain(id, .handedOver, &out)
      share -= 1
    }
  }

  private var handingOver: Int {
    connections.ids.count {
      if case .draining(.handedOver) = connections[$0].state { true } else { false }
    }
  }
}
