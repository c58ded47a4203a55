/// Time: what falls due.
extension Pool {
  /// The instant of the last `wake` has come.
  package mutating func timerFired(now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    armed = nil
    while let due = timers.popDue(now) {
      switch due {
      case .request(let id): requestDue(id, now: now, &out)
      case .connection(let id): connectionDue(id, now: now, &out)
      case .handOver: handOverDue(now: now, &out)
      }
    }
    while let oldest = idle.first, case .idle(let since) = connections[oldest].state,
      since.advanced(by: settings.idleTimeout) <= now
    {
      close(oldest, .idle, &out)
    }
    arm(&out)
    return out
  }

  /// A request has waited for the acquire wait, or to its deadline.
  private mutating func requestDue(_ id: RequestID, now: Instant, _ out: inout PoolActions<Instant>) {
    guard requests.contains(id) else { return }
    requests[id].timer = nil
    let request = requests[id]
    let waited = request.since.duration(to: now)
    let phase = phase(of: request)
    guard now < request.deadline else {
      refuse(id, .deadlinePassed(phase, waited: waited), now: now, &out)
      return
    }
    let progress: Instant
    switch phase {
    case .handshake: progress = now
    case .capacity: progress = max(request.since, lineMoved ?? request.since)
    case .lane: progress = max(request.since, hosts[request.host][request.line].moved ?? request.since)
    }
    let limit = min(request.deadline, progress.advanced(by: settings.acquireWait))
    guard now < limit else {
      refuse(id, .stuck(phase, waited: waited), now: now, &out)
      return
    }
    requests[id].timer = timers.schedule(.request(id), at: limit)
  }

  private func phase(of request: WaitingRequest<Instant>) -> WaitPhase {
    var phase = WaitPhase.capacity
    for id in hosts[request.host].connections {
      switch connections[id].state {
      case .backingOff:
        phase = .handshake
      case .starting:
        if connections[id].serves == request.line.served { phase = .handshake }
      case .idle, .leased:
        if connections[id].serves == request.line.served { return .lane }
      case .draining, .closing, .lost:
        continue
      }
    }
    return phase
  }

  private mutating func connectionDue(_ id: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>) {
    guard connections.contains(id) else { return }
    connections[id].timer = nil
    switch connections[id].state {
    case .backingOff:
      backoffDue(id, now: now, &out)
    case .idle, .leased, .draining:
      upkeepDue(id, now: now, &out)
    case .starting, .closing, .lost:
      break
    }
  }

  /// The pause is over: whoever still waits gets the next attempt.
  private mutating func backoffDue(_ id: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>) {
    let host = connections[id].host
    hosts[host].connections.removeAll { $0 == id }
    connections.remove(id)
    serveLines(of: host, now: now, &out)
    forgetIfUnused(host)
  }

  private mutating func upkeepDue(_ id: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>) {
    if let ends = connections[id].lifeEnds, ends <= now {
      connections[id].lifeEnds = nil
      switch connections[id].state {
      case .idle:
        close(id, .lifetime, &out)
      case .leased:
        let host = connections[id].host
        drain(id, .lifetime, &out)
        serveLines(of: host, now: now, &out)
      case .starting, .backingOff, .draining, .closing, .lost:
        break
      }
      guard isOpen(id) else { return }
    }
    trimLanes(id, &out)
    scheduleUpkeep(id, now: now)
  }

  private func isOpen(_ id: ConnectionID) -> Bool {
    guard connections.contains(id) else { return false }
    if case .draining = connections[id].state { return true }
    return connections[id].isUsable
  }

  /// Gives back what a burst left behind: every SFTP lane is a process on the host.
  private mutating func trimLanes(_ id: ConnectionID, _ out: inout PoolActions<Instant>) {
    var surplus = connections[id].lanes.surplus()
    while surplus > 0, let lane = connections[id].lanes.startClosing() {
      out.append(.closeLane(LaneID(connection: id, number: lane)))
      surplus -= 1
    }
  }

  mutating func scheduleUpkeep(_ id: ConnectionID, now: Instant) {
    let tick = now.advanced(by: settings.keepalive * random.spread(settings.keepaliveJitter))
    let due = connections[id].lifeEnds.map { min($0, tick) } ?? tick
    connections[id].timer = timers.schedule(.connection(id), at: due)
  }
}
