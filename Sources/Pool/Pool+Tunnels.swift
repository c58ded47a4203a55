/// Connections through jump hosts: each holds a tunnel lease of the connection before it, from before it is dialled
/// until its socket is gone.
extension Pool {
  mutating func seekTunnel(
    through key: PoolKey, for inner: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    let hop = enterHost(key)
    if hosts[hop].tunnels.chain.isEmpty, let lease = take(.tunnel, .tunnels, of: hop) {
      tunnelGranted(lease, to: inner, &out)
      return
    }
    let request = enqueue(
      WaitingRequest(
        host: hop, kind: .tunnel, line: .tunnels, asker: .inner(inner), since: now,
        deadline: now.advanced(by: settings.tunnelWait)))
    guard case .starting(_, let counted) = connections[inner].state else { return }
    connections[inner].state = .starting(awaitsTunnel: request, counted: counted)
    if let failures = hosts[hop].state.failures, now < failures.retryAt, !isServed(hop, .tunnels) {
      let age = failures.lastAt.duration(to: now)
      refuse(
        request, .hostFailing(failures.last, age: age, retryIn: now.duration(to: failures.retryAt)), now: now, &out)
    } else if !isServed(hop, .tunnels) {
      start(hop, serves: .request, counted: false, now: now, &out)
    }
  }

  mutating func tunnelGranted(_ lease: Lease, to inner: ConnectionID, _ out: inout PoolActions<Instant>) {
    guard connections.contains(inner), case .starting(_, let counted) = connections[inner].state else { return }
    ownPermits(on: hosts[connections[inner].host].key.outer)
    connections[inner].outer = lease
    connections[inner].state = .starting(awaitsTunnel: nil, counted: counted)
    dial(inner, over: lease.lane.connection, &out)
  }

  mutating func tunnelRefused(
    _ refusal: LeaseRefusal, to inner: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>
  ) {
    guard connections.contains(inner), case .starting = connections[inner].state else { return }
    ownPermits(on: hosts[connections[inner].host].key.outer)
    let failure: ConnectFailure
    if case .hostFailing(let hop, _, _) = refusal {
      // The jump host refused its user, not this host's.
      failure = ConnectFailure(hop.kind == .authentication ? .permanent : hop.kind, hop.reason)
    } else {
      failure = ConnectFailure(.transient, refusal)
    }
    attemptFailed(inner, failure, now: now, &out)
  }

  /// Whoever waited has his tunnel from elsewhere, or gives up: a handshake of the jump host that is still under way
  /// needs a permit of its own now.
  private mutating func ownPermits(on key: PoolKey?) {
    guard let key, let hop = hostNames[key] else { return }
    for id in hosts[hop].connections {
      guard case .starting(let request, counted: false) = connections[id].state else { continue }
      connections[id].state = .starting(awaitsTunnel: request, counted: true)
      handshakes += 1
    }
  }
}
