/// Requests and leases: what the pool's users do.
extension Pool {
  /// Somebody wants a lane on `key`'s host until `deadline`.
  ///
  /// Where it has to wait, the answer names it, and exactly one `grant` or `refuse` action follows.
  @specialized(where Instant == Moment)
  package mutating func leaseRequested(
    _ key: PoolKey, kind: LeaseKind, class: LeaseClass, deadline: Instant, now: Instant
  ) -> (LeaseAnswer, PoolActions<Instant>) {
    var out = PoolActions<Instant>()
    counters.requests += 1
    let line = LineName(kind, effective(`class`))
    if let host = hostNames[key], hosts[host][line].chain.isEmpty, stage == .running,
      let lease = take(kind, line, of: host)
    {
      counters.granted += 1
      counters.hits += 1
      counters.acquireWait.record(.zero)
      return (.granted(LeaseGrant(lease: lease, queued: .zero, connecting: .zero, hit: true)), out)
    }
    let answer = admit(key, kind: kind, line: line, deadline: deadline, now: now, &out)
    if case .refused(let refusal) = answer { counters.refused[refusal.cause, default: 0] += 1 }
    arm(&out)
    return (answer, out)
  }

  /// The asker no longer wants it. Nothing happens if it was answered before.
  package mutating func leaseCancelled(_ request: RequestID, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    refuse(request, .cancelled, now: now, &out)
    arm(&out)
    return out
  }

  /// A holder is done. `sound` is false where the lane must not be used again: its operation failed half-way or was
  /// cancelled.
  @specialized(where Instant == Moment)
  package mutating func leaseReturned(_ lease: Lease, sound: Bool, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    returnLease(lease, sound: sound, now: now, &out)
    arm(&out)
    return out
  }

  mutating func returnLease(_ lease: Lease, sound: Bool, now: Instant, _ out: inout PoolActions<Instant>) {
    let id = lease.lane.connection
    guard connections.contains(id) else {
      counters.strayReturns += 1
      return
    }
    switch connections[id].lanes.giveBack(lease, sound: sound) {
    case .unknown:
      counters.strayReturns += 1
      return
    case .mustClose:
      switch connections[id].state {
      case .leased, .draining: out.append(.closeLane(lease.lane))
      case .starting, .backingOff, .idle, .closing, .lost: break
      }
    case .free:
      break
    }
    if sound { connections[id].proven = true }
    laneBecameFree(id, now: now, &out)
  }

  /// A lease at once, from a connection that takes new ones.
  mutating func take(_ kind: LeaseKind, _ line: LineName, of host: HostID) -> Lease? {
    for index in hosts[host].connections.indices {
      let id = hosts[host].connections[index]
      guard connections[id].serves == line.served, connections[id].isUsable,
        let lane = connections[id].lanes.take(kind, number: leaseNumber + 1)
      else { continue }
      leaseNumber += 1
      if case .idle = connections[id].state {
        idle.remove(id, in: &connections)
        connections[id].state = .leased
        busy.append(id, in: &connections)
      }
      return Lease(lane: LaneID(connection: id, number: lane), kind: kind, number: leaseNumber)
    }
    return nil
  }

  private mutating func admit(
    _ key: PoolKey, kind: LeaseKind, line: LineName, deadline: Instant, now: Instant,
    _ out: inout PoolActions<Instant>
  ) -> LeaseAnswer {
    guard stage == .running else { return .refused(.shuttingDown) }
    guard now < deadline else { return .refused(.deadlinePassed(.lane, waited: .zero)) }
    guard key.via.count < settings.connections else {
      return .refused(.chainTooLong(key.via.count + 1, bound: settings.connections))
    }
    guard requests.count < settings.queue else { return .refused(.queueFull(.pool, limit: settings.queue)) }
    let host = enterHost(key)
    if let refusal = refusal(of: host, line, now: now) { return .refused(refusal) }
    guard hosts[host].waiting < settings.queuePerHost else {
      return .refused(.queueFull(.host, limit: settings.queuePerHost))
    }
    let request = enqueue(
      WaitingRequest(host: host, kind: kind, line: line, asker: .user, since: now, deadline: deadline))
    serve(host, line, now: now, &out)
    return .waiting(request)
  }

  /// Why nothing is tried for this host now; nil where something is.
  func refusal(of host: HostID, _ name: LineName, now: Instant) -> LeaseRefusal? {
    guard case .circuitOpen(let failures) = hosts[host].state, now < failures.retryAt, !isServed(host, name)
    else { return nil }
    return .hostFailing(
      failures.last, age: failures.lastAt.duration(to: now), retryIn: now.duration(to: failures.retryAt))
  }

  mutating func enqueue(_ request: WaitingRequest<Instant>) -> RequestID {
    let id = requests.insert(request)
    let wake = min(request.deadline, request.since.advanced(by: settings.acquireWait))
    requests[id].timer = timers.schedule(.request(id), at: wake)
    hosts[request.host][request.line].chain.append(id, in: &requests)
    if request.kind == .files { hosts[request.host][request.line].files += 1 }
    return id
  }

  /// Takes the request out of its line, for its one answer.
  mutating func dequeue(_ id: RequestID) -> WaitingRequest<Instant> {
    let request = requests[id]
    if let timer = request.timer { timers.cancel(timer) }
    hosts[request.host][request.line].chain.remove(id, in: &requests)
    if request.kind == .files { hosts[request.host][request.line].files -= 1 }
    requests.remove(id)
    return request
  }

  mutating func grant(_ id: RequestID, _ lease: Lease, now: Instant, _ out: inout PoolActions<Instant>) {
    let request = dequeue(id)
    hosts[request.host][request.line].moved = now
    let connection = connections[lease.lane.connection]
    switch request.asker {
    case .inner(let inner):
      tunnelGranted(lease, to: inner, &out)
    case .user:
      let waited = request.since.duration(to: now)
      let from = max(request.since, connection.began)
      let connecting = connection.established.map { max(.zero, from.duration(to: $0)) } ?? .zero
      counters.granted += 1
      counters.acquireWait.record(waited)
      out.append(
        .grant(id, LeaseGrant(lease: lease, queued: waited - connecting, connecting: connecting, hit: false)))
    }
  }

  mutating func refuse(
    _ id: RequestID, _ refusal: LeaseRefusal, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    guard requests.contains(id) else { return }
    let request = dequeue(id)
    switch request.asker {
    case .user:
      counters.refused[refusal.cause, default: 0] += 1
      out.append(.refuse(id, refusal))
    case .inner(let inner):
      tunnelRefused(refusal, to: inner, now: now, &out)
    }
    guard hosts.contains(request.host) else { return }
    if hosts[request.host][request.line].chain.isEmpty { settle(request.host, now: now, &out) }
    forgetIfUnused(request.host)
  }
}
