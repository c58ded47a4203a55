/// Connections: how they begin, stand and end.
extension Pool {
  /// `connect` succeeded.
  package mutating func connectionEstablished(_ id: ConnectionID, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(id), case .starting(_, let counted) = connections[id].state {
      if counted { handshakes -= 1 }
      counters.connectionsMade += 1
      let host = connections[id].host
      hosts[host].state = .running
      connections[id].state = .leased
      busy.append(id, in: &connections)
      connections[id].established = now
      let life = settings.lifetime * (1 - settings.lifetimeJitter * random.unit())
      connections[id].lifeEnds = now.advanced(by: life)
      scheduleUpkeep(id, now: now)
      for name in LineName.allCases {
        hosts[host][name].moved = now
        serve(host, name, now: now, &out)
      }
      settle(id, now: now, &out)
      advanceLine(now: now, &out)
    }
    arm(&out)
    return out
  }

  /// `connect` failed; nothing is left of the attempt.
  package mutating func handshakeFailed(
    _ id: ConnectionID, _ failure: ConnectFailure, now: Instant
  ) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(id) {
      switch connections[id].state {
      case .starting: attemptFailed(id, failure, now: now, &out)
      case .closing: ended(id, failure, now: now, &out)
      case .backingOff, .idle, .leased, .draining, .lost: break
      }
    }
    arm(&out)
    return out
  }

  /// The socket is gone: because the pool asked for it, or by itself with `failure`. Its leases stay with their holders,
  /// who notice and give them back.
  package mutating func connectionClosed(
    _ id: ConnectionID, _ failure: ConnectFailure?, now: Instant
  ) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(id) { ended(id, failure, now: now, &out) }
    arm(&out)
    return out
  }

  /// How long a part of a cold start took.
  package mutating func handshakeMeasured(_ phase: HandshakePhase, _ duration: Duration) {
    counters.handshakes[phase, default: LatencyHistogram()].record(duration)
  }

  func isStarting(_ id: ConnectionID) -> Bool {
    if case .starting = connections[id].state { true } else { false }
  }

  /// `counted`: on a permit of its own. A jump host's connection goes on the permit of the one that waits for it: the
  /// two handshakes follow each other.
  mutating func start(
    _ host: HostID, serves: LeaseClass, counted: Bool, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    let lanes = LaneTable(limit: settings.lanesPerConnection, tunnelLimit: settings.tunnelsPerConnection)
    let id = connections.insert(
      Connection(
        host: host, serves: serves, began: now, state: .starting(awaitsTunnel: nil, counted: counted), lanes: lanes))
    hosts[host].connections.append(id)
    occupied += 1
    counters.occupiedPeak = max(counters.occupiedPeak, occupied)
    if counted { handshakes += 1 }
    if let outer = hosts[host].key.outer {
      seekTunnel(through: outer, for: id, now: now, &out)
    } else {
      dial(id, over: nil, &out)
    }
  }

  mutating func dial(_ id: ConnectionID, over outer: ConnectionID?, _ out: inout PoolActions<Instant>) {
    let keepalive = settings.keepalive * random.spread(settings.keepaliveJitter)
    out.append(.connect(id, hosts[connections[id].host].key, over: outer, keepalive: keepalive))
  }

  private mutating func ended(
    _ id: ConnectionID, _ failure: ConnectFailure?, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    let host = connections[id].host
    var isOurs = false
    switch connections[id].state {
    case .starting:
      attemptFailed(id, failure ?? ConnectFailure(.transient, LeaseRefusal.cancelled), now: now, &out)
      return
    case .backingOff, .lost:
      return
    case .idle:
      idle.remove(id, in: &connections)
    case .leased:
      busy.remove(id, in: &connections)
    case .draining:
      break
    case .closing:
      leaving -= 1
      isOurs = true
    }
    if !isOurs { counters.connectionsLost += 1 }
    occupied -= 1
    cancelTimer(of: id)
    let outer = connections[id].outer.take()
    if let failure, !isOurs, !connections[id].proven {
      let began = connections[id].began
      noteFailure(of: id, failure, began: began, now: now, &out)
    } else {
      leaveHost(id)
    }
    if let outer { returnLease(outer, sound: true, now: now, &out) }
    afterwards(host, now: now, &out)
  }

  /// A channel of the connection that nobody uses keeps others from theirs: who has a lease keeps it, everybody else gets another
  /// connection.
  package mutating func connectionObstructed(_ id: ConnectionID, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(id) {
      let host = connections[id].host
      switch connections[id].state {
      case .idle: close(id, .obstructed, &out)
      case .leased: drain(id, .obstructed, &out)
      case .starting, .backingOff, .draining, .closing, .lost: break
      }
      serveLines(of: host, now: now, &out)
    }
    arm(&out)
    return out
  }

  mutating func attemptFailed(
    _ id: ConnectionID, _ failure: ConnectFailure, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    guard case .starting(_, let counted) = connections[id].state else { return }
    let host = connections[id].host
    if counted { handshakes -= 1 }
    occupied -= 1
    counters.handshakesFailed += 1
    let outer = connections[id].outer.take()
    noteFailure(of: id, failure, began: connections[id].began, now: now, &out)
    if let outer { returnLease(outer, sound: true, now: now, &out) }
    afterwards(host, now: now, &out)
  }

  /// Moves the host's state on. Where its requests are to wait, the pause before the next attempt takes the
  /// connection's place.
  private mutating func noteFailure(
    of id: ConnectionID, _ failure: ConnectFailure, began: Instant, now: Instant,
    _ out: inout PoolActions<Instant>
  ) {
    let host = connections[id].host
    let state = hosts[host].state.failing(failure, began: began, now: now, settings: settings, random: &random)
    hosts[host].state = state
    guard let failures = state.failures else { return }
    let serves = connections[id].serves
    leaveHost(id)
    if case .connectionCreationFailing = state, stage == .running, !isAttempting(host) {
      backOff(host, serves, until: failures.retryAt, now: now)
    }
    let refusal = LeaseRefusal.hostFailing(failure, age: .zero, retryIn: now.duration(to: failures.retryAt))
    for name in LineName.allCases where !isServed(host, name) {
      // Tunnels never wait for a second attempt: whoever waits for one holds a place of its own.
      if case .connectionCreationFailing = state, name != .tunnels { continue }
      while let head = hosts[host][name].chain.first { refuse(head, refusal, now: now, &out) }
    }
  }

  private mutating func backOff(_ host: HostID, _ serves: LeaseClass, until retry: Instant, now: Instant) {
    let lanes = LaneTable(limit: settings.lanesPerConnection, tunnelLimit: settings.tunnelsPerConnection)
    let pause = connections.insert(
      Connection(host: host, serves: serves, began: now, state: .backingOff, lanes: lanes))
    connections[pause].timer = timers.schedule(.connection(pause), at: retry)
    hosts[host].connections.append(pause)
  }

  private func isAttempting(_ host: HostID) -> Bool {
    hosts[host].connections.contains { id in
      if case .backingOff = connections[id].state { true } else { isStarting(id) }
    }
  }

  /// Whether a connection stands that serves this line, or is still being made for it.
  func isServed(_ host: HostID, _ name: LineName) -> Bool {
    hosts[host].connections.contains {
      connections[$0].serves == name.served && (connections[$0].isUsable || isStarting($0))
    }
  }

  /// Takes the connection off its host; it is remembered only as long as leases of it are out.
  private mutating func leaveHost(_ id: ConnectionID) {
    let host = connections[id].host
    if hosts.contains(host) { hosts[host].connections.removeAll { $0 == id } }
    if connections[id].lanes.held > 0 {
      connections[id].state = .lost
    } else {
      connections.remove(id)
    }
  }

  /// A place became free: for this host's own requests, and for whoever stands in line.
  private mutating func afterwards(_ host: HostID, now: Instant, _ out: inout PoolActions<Instant>) {
    if hosts.contains(host) {
      serveLines(of: host, now: now, &out)
      forgetIfUnused(host)
    }
    advanceLine(now: now, &out)
    stopIfDone(&out)
  }

  /// No new leases; closed when the last one has come back.
  mutating func drain(_ id: ConnectionID, _ reason: CloseReason, _ out: inout PoolActions<Instant>) {
    guard case .leased = connections[id].state else { return }
    guard connections[id].lanes.held > 0 else {
      close(id, reason, &out)
      return
    }
    busy.remove(id, in: &connections)
    connections[id].state = .draining(reason)
  }

  mutating func close(_ id: ConnectionID, _ reason: CloseReason, _ out: inout PoolActions<Instant>) {
    switch connections[id].state {
    case .idle:
      idle.remove(id, in: &connections)
    case .leased:
      busy.remove(id, in: &connections)
    case .starting(_, let counted):
      if counted { handshakes -= 1 }
    case .draining:
      break
    case .backingOff, .closing, .lost:
      return
    }
    if reason == .evicted, connections[id].lanes.held > 0 { counters.evictedInUse += 1 }
    counters.closed[reason, default: 0] += 1
    cancelTimer(of: id)
    connections[id].state = .closing
    leaving += 1
    out.append(.closeConnection(id, reason))
  }

  private mutating func cancelTimer(of id: ConnectionID) {
    if let timer = connections[id].timer.take() { timers.cancel(timer) }
  }
}
