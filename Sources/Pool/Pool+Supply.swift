/// Lanes for those who wait: what is granted, opened, freed and asked for.
extension Pool {
  /// Serves a line from its head, strictly in order, and sees to it that whoever remains will be served: by lanes that
  /// are opened, or by a connection that is made.
  mutating func serve(_ host: HostID, _ name: LineName, now: Instant, _ out: inout PoolActions<Instant>) {
    while let head = hosts[host][name].chain.first, let lease = take(requests[head].kind, name, of: host) {
      grant(head, lease, now: now, &out)
    }
    guard let head = hosts[host][name].chain.first, stage == .running else { return }
    var files = hosts[host][name].files
    var needsRoom = requests[head].kind == .command
    for index in hosts[host].connections.indices {
      let id = hosts[host].connections[index]
      guard connections[id].serves == name.served, connections[id].isUsable else { continue }
      engage(id)
      files -= connections[id].lanes.opening
      while files > 0, let lane = connections[id].lanes.startOpening() {
        out.append(.openLane(LaneID(connection: id, number: lane)))
        files -= 1
      }
      if needsRoom, connections[id].lanes.closing == 0, let lane = connections[id].lanes.startClosing() {
        out.append(.closeLane(LaneID(connection: id, number: lane)))
        needsRoom = false
      }
    }
    if needsConnection(host, name, now: now) { standInLine(host, name.served, now: now, &out) }
  }

  /// Serves those of a host's lines in which somebody waits.
  mutating func serveLines(of host: HostID, now: Instant, _ out: inout PoolActions<Instant>) {
    for name in LineName.allCases where !hosts[host][name].chain.isEmpty { serve(host, name, now: now, &out) }
  }

  /// Whether those who wait in this line need one connection more than there are, or are being made.
  func needsConnection(_ host: HostID, _ name: LineName, now: Instant) -> Bool {
    let waiting = hosts[host][name].chain.count
    guard waiting > 0 else { return false }
    var serving = 0
    var starting = 0
    var room = 0
    for id in hosts[host].connections {
      switch connections[id].state {
      case .backingOff:
        return false
      case .starting:
        starting += 1
        guard connections[id].serves == name.served else { continue }
        serving += 1
        room += settings.lanesPerConnection
      case .idle, .leased:
        guard connections[id].serves == name.served else { continue }
        serving += 1
        room += connections[id].lanes.room + connections[id].lanes.opening
      case .draining, .closing, .lost:
        continue
      }
    }
    if let failures = hosts[host].state.failures, starting > 0 || now < failures.retryAt { return false }
    guard starting < settings.handshakesPerHost else { return false }
    guard serving > 0 else { return true }
    return name != .tunnels && serving < connectionLimit(name.served) && room < waiting
  }

  private func connectionLimit(_ class: LeaseClass) -> Int {
    `class` == .bulk ? 1 : max(1, settings.connectionsPerHost - 1)
  }

  /// Keeps a connection from being evicted while somebody counts on it.
  private mutating func engage(_ id: ConnectionID) {
    guard case .idle = connections[id].state else { return }
    idle.remove(id, in: &connections)
    connections[id].state = .leased
    busy.append(id, in: &connections)
  }

  /// A lane of this connection was given back, opened or closed.
  mutating func laneBecameFree(_ id: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>) {
    switch connections[id].state {
    case .leased:
      let host = connections[id].host
      switch connections[id].serves {
      case .bulk:
        if !hosts[host].bulk.chain.isEmpty { serve(host, .bulk, now: now, &out) }
      case .request:
        if !hosts[host].requests.chain.isEmpty { serve(host, .requests, now: now, &out) }
        if !hosts[host].tunnels.chain.isEmpty { serve(host, .tunnels, now: now, &out) }
      }
      settle(id, now: now, &out)
    case .draining(let reason):
      if connections[id].lanes.held == 0 { close(id, reason, &out) }
    case .lost:
      if connections[id].lanes.held == 0 { connections.remove(id) }
    case .starting, .backingOff, .idle, .closing:
      break
    }
  }

  /// A leased connection that nobody uses and nobody counts on becomes idle.
  mutating func settle(_ id: ConnectionID, now: Instant, _ out: inout PoolActions<Instant>) {
    guard case .leased = connections[id].state, connections[id].lanes.held == 0, connections[id].lanes.opening == 0
    else { return }
    let host = connections[id].host
    let isAwaited =
      connections[id].serves == .bulk
      ? !hosts[host].bulk.chain.isEmpty
      : !(hosts[host].requests.chain.isEmpty && hosts[host].tunnels.chain.isEmpty)
    guard !isAwaited else { return }
    busy.remove(id, in: &connections)
    connections[id].state = .idle(since: now)
    idle.append(id, in: &connections)
    if !line.isEmpty { advanceLine(now: now, &out) }
  }

  /// Nobody waits in one of this host's lines any more.
  mutating func settle(_ host: HostID, now: Instant, _ out: inout PoolActions<Instant>) {
    for id in hosts[host].connections where connections.contains(id) { settle(id, now: now, &out) }
  }
}

/// Lanes: what the driver tells about SFTP channels.
extension Pool {
  package mutating func laneOpened(_ lane: LaneID, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(lane.connection), connections[lane.connection].lanes.opened(lane.number) {
      laneBecameFree(lane.connection, now: now, &out)
    }
    arm(&out)
    return out
  }

  /// The peer refused the channel. Where it allows others, those have to do; where it allows none, the request at the
  /// head of the line is refused with `reason`.
  package mutating func laneOpenFailed(_ lane: LaneID, reason: any Error, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(lane.connection), connections[lane.connection].lanes.openFailed(lane.number) {
      let connection = connections[lane.connection]
      if connection.isUsable, connection.lanes.sessions == 0, let head = firstForFiles(connection) {
        refuse(head, .laneRefused(reason), now: now, &out)
      }
      laneBecameFree(lane.connection, now: now, &out)
    }
    arm(&out)
    return out
  }

  /// An SFTP channel is gone, asked for or not.
  /// The peer refused a command's channel, whose lease has been returned: beside others that are open, those have to do.
  ///
  /// - Returns: whether there are such others, or the connection is gone: then a lease can be asked for again, and waits for room.
  package mutating func commandRefused(_ id: ConnectionID) -> Bool {
    !connections.contains(id) || connections[id].lanes.refusedBesideOthers()
  }

  package mutating func laneClosed(_ lane: LaneID, now: Instant) -> PoolActions<Instant> {
    var out = PoolActions<Instant>()
    if connections.contains(lane.connection) {
      connections[lane.connection].lanes.closed(lane.number)
      laneBecameFree(lane.connection, now: now, &out)
    }
    arm(&out)
    return out
  }

  /// The request that the lane would have served: everything before it in its line wants no SFTP lane and is served
  /// without one.
  private func firstForFiles(_ connection: Connection<Instant>) -> RequestID? {
    var next = hosts[connection.host][connection.serves == .bulk ? .bulk : .requests].chain.first
    while let id = next, requests[id].kind != .files { next = requests[id].link.next }
    return next
  }
}
