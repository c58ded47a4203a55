import Pool

/// What a driver and its network would do, on a virtual clock, and a memory of everything that the pool may not do.
///
/// Every action of the pool passes through `apply`, which checks it against what the world knows; the first violation
/// is kept in `violation`.
final class PoolWorld {
  var pool: Pool<Tick>
  private(set) var now = Tick()
  private(set) var wake: Tick?

  private(set) var connecting: [ConnectionID] = []
  private(set) var open: [ConnectionID] = []
  private(set) var closing: [ConnectionID] = []
  private(set) var openingLanes: [LaneID] = []
  private(set) var closingLanes: [LaneID] = []
  private(set) var leases: [Lease] = []
  private(set) var waiting: [RequestID: Line] = [:]
  private(set) var refusals: [LeaseRefusal] = []
  private(set) var granted = 0
  private(set) var dialled = 0
  private(set) var stops = 0
  private(set) var log: [String] = []
  private(set) var violation: String?

  struct Line: Hashable {
    var key: PoolKey
    var bulk: Bool
  }

  private var lines: [Line: [RequestID]] = [:]
  private var keys: [ConnectionID: PoolKey] = [:]
  private var outers: [ConnectionID: ConnectionID] = [:]
  private var sessions: [ConnectionID: Int] = [:]
  private let keepsLog: Bool
  private let keepsEvents: Bool

  /// `keepsEvents`: the log tells what happened besides what the pool did.
  init(_ settings: PoolSettings, seed: UInt64 = 1, keepsLog: Bool = true, keepsEvents: Bool = false) {
    self.keepsEvents = keepsEvents
    pool = Pool(settings: settings, random: SplitMix64(seed: seed))
    self.keepsLog = keepsLog
  }

  // MARK: Events

  @discardableResult
  func request(
    _ key: PoolKey, _ kind: LeaseKind = .files, _ class: LeaseClass = .request, within time: Duration = .seconds(30)
  ) -> LeaseAnswer {
    note("request \(kind) \(`class`) on \(key.host)")
    let (answer, actions) = pool.leaseRequested(
      key, kind: kind, class: `class`, deadline: now.advanced(by: time), now: now)
    let bulk = `class` == .bulk && pool.settings.connectionsPerHost > 1
    let line = Line(key: key, bulk: bulk)
    switch answer {
    case .granted(let grant):
      if let first = lines[line]?.first { violate("a new request passed \(first) in its line") }
      hold(grant.lease)
    case .waiting(let id):
      if waiting.updateValue(line, forKey: id) != nil { violate("request \(id) exists twice") }
      lines[line, default: []].append(id)
      if waiting.count > pool.settings.queue { violate("\(waiting.count) wait, over the pool's bound") }
      if lines[line, default: []].count > pool.settings.queuePerHost { violate("over the host's queue bound") }
    case .refused(let refusal):
      refusals.append(refusal)
    }
    apply(actions)
    return answer
  }

  func cancel(_ request: RequestID) {
    note("cancel \(request.position)")
    apply(pool.leaseCancelled(request, now: now))
  }

  func giveBack(_ lease: Lease, sound: Bool = true) {
    note("return \(lease.kind) \(lease.lane.connection.position)/\(lease.lane.number), sound: \(sound)")
    leases.removeAll { $0 == lease }
    if lease.kind == .command, isAlive(lease.lane.connection) { sessions[lease.lane.connection, default: 0] -= 1 }
    apply(pool.leaseReturned(lease, sound: sound, now: now))
  }

  /// The peer refuses the command's channel: its holder gives the lease back, and tells.
  func refuseCommand(_ lease: Lease) {
    note("refused command \(lease.lane.connection.position)")
    giveBack(lease)
    _ = pool.commandRefused(lease.lane.connection)
  }

  func establish(_ id: ConnectionID) {
    note("established \(id.position)")
    remove(id, from: &connecting)
    open.append(id)
    apply(pool.connectionEstablished(id, now: now))
  }

  func fail(_ id: ConnectionID, _ kind: ConnectFailure.Kind = .transient, _ reason: String = "refused") {
    note("failed \(id.position): \(kind)")
    remove(id, from: &connecting)
    remove(id, from: &closing)
    outers[id] = nil
    apply(pool.handshakeFailed(id, ConnectFailure(kind, TestError(reason)), now: now))
  }

  /// The connection ends: by the pool's wish, or by itself.
  func end(_ id: ConnectionID, _ failure: ConnectFailure? = nil) {
    note("ended \(id.position)")
    remove(id, from: &open)
    remove(id, from: &closing)
    openingLanes.removeAll { $0.connection == id }
    closingLanes.removeAll { $0.connection == id }
    outers[id] = nil
    sessions[id] = nil
    apply(pool.connectionClosed(id, failure, now: now))
  }

  func obstruct(_ id: ConnectionID) {
    note("obstructed \(id.position)")
    apply(pool.connectionObstructed(id, now: now))
  }

  func obstruct(of key: PoolKey) {
    for id in open where keys[id] == key { obstruct(id) }
  }

  func openLane(_ lane: LaneID) {
    openingLanes.removeAll { $0 == lane }
    apply(pool.laneOpened(lane, now: now))
  }

  func failLane(_ lane: LaneID) {
    openingLanes.removeAll { $0 == lane }
    sessions[lane.connection, default: 0] -= 1
    apply(pool.laneOpenFailed(lane, reason: TestError("no channel"), now: now))
  }

  func closeLane(_ lane: LaneID) {
    closingLanes.removeAll { $0 == lane }
    sessions[lane.connection, default: 0] -= 1
    apply(pool.laneClosed(lane, now: now))
  }

  /// Passes time, firing the pool's timer whenever it asked for it.
  func pass(_ time: Duration) {
    let end = now.advanced(by: time)
    while let next = wake, next <= end {
      now = max(now, next)
      wake = nil
      note("timer")
      apply(pool.timerFired(now: now))
    }
    now = end
  }

  func shutDown() { apply(pool.shutdownBegan(now: now)) }
  func force() { apply(pool.shutdownForced(now: now)) }

  /// Lets everything that is under way succeed, and gives every lease back, until nothing is left to do.
  func settle() {
    while violation == nil {
      if let id = connecting.first {
        establish(id)
      } else if let lane = openingLanes.first {
        openLane(lane)
      } else if let lane = closingLanes.first {
        closeLane(lane)
      } else if let id = closing.first {
        end(id)
      } else if let lease = leases.first {
        giveBack(lease)
      } else {
        return
      }
    }
  }

  private func note(_ event: @autoclosure () -> String) {
    if keepsEvents { log.append("\(now.nanoseconds / 1_000_000) ms: \(event())") }
  }

  func takeLog() -> [String] {
    defer { log = [] }
    return log
  }

  // MARK: Actions

  private func apply(_ actions: PoolActions<Tick>) {
    if let instant = actions.wake { wake = instant }
    for action in actions.list {
      if keepsLog { log.append(Self.words(action)) }
      switch action {
      case .connect(let id, let key, let outer, _): dial(id, key, outer)
      case .openLane(let lane): openLaneAsked(lane)
      case .closeLane(let lane): closingLanes.append(lane)
      case .closeConnection(let id, let reason): closeAsked(id, reason)
      case .grant(let id, let grant): answer(id) { hold(grant.lease) }
      case .refuse(let id, let refusal): answer(id) { refusals.append(refusal) }
      case .stopped: stops += 1
      }
    }
    check()
  }

  private func dial(_ id: ConnectionID, _ key: PoolKey, _ outer: ConnectionID?) {
    dialled += 1
    connecting.append(id)
    keys[id] = key
    outers[id] = outer
    if key.via.isEmpty != (outer == nil) { violate("\(id) is dialled over the wrong thing") }
    if let outer, !open.contains(outer) { violate("\(id) is dialled over a connection that is not open") }
    if connecting.count > pool.settings.handshakes { violate("\(connecting.count) handshakes in flight") }
    if connecting.count(where: { keys[$0] == key }) > pool.settings.handshakesPerHost {
      violate("too many handshakes to one host")
    }
  }

  private func openLaneAsked(_ lane: LaneID) {
    openingLanes.append(lane)
    addSession(lane.connection)
  }

  private func closeAsked(_ id: ConnectionID, _ reason: CloseReason) {
    if connecting.contains(id) {
      remove(id, from: &connecting)
    } else if open.contains(id) {
      remove(id, from: &open)
    } else {
      violate("close of \(id), which is not open")
    }
    closing.append(id)
    guard reason != .forced else { return }
    if leases.contains(where: { $0.lane.connection == id }) { violate("\(id) closed in use (\(reason))") }
    if outers.values.contains(id) { violate("\(id) closed under an inner connection (\(reason))") }
  }

  private func answer(_ id: RequestID, _ deliver: () -> Void) {
    guard let line = waiting.removeValue(forKey: id) else {
      violate("request \(id) answered twice, or never asked")
      return
    }
    let before = granted
    deliver()
    if granted > before, lines[line]?.first != id { violate("request \(id) passed another in its line") }
    lines[line]?.removeAll { $0 == id }
  }

  private func hold(_ lease: Lease) {
    granted += 1
    if !open.contains(lease.lane.connection) { violate("lease on \(lease.lane.connection), which is not open") }
    if leases.contains(where: { $0.lane == lease.lane }) { violate("lane \(lease.lane) leased twice") }
    leases.append(lease)
    if lease.kind == .command { addSession(lease.lane.connection) }
  }

  private func addSession(_ id: ConnectionID) {
    sessions[id, default: 0] += 1
    if sessions[id, default: 0] > pool.settings.lanesPerConnection { violate("too many sessions on \(id)") }
  }

  private func check() {
    let sockets = connecting.count + open.count + closing.count
    if sockets > pool.settings.connections { violate("\(sockets) connections, over the bound") }
  }

  private func violate(_ what: String) {
    if violation == nil { violation = what }
  }

  private func isAlive(_ id: ConnectionID) -> Bool { open.contains(id) || closing.contains(id) }

  private func remove(_ id: ConnectionID, from list: inout [ConnectionID]) { list.removeAll { $0 == id } }

  private static func words(_ action: PoolAction) -> String {
    switch action {
    case .connect(let id, let key, let outer, _):
      "connect \(id.position) to \(key.host)" + (outer.map { " over \($0.position)" } ?? "")
    case .openLane(let lane): "open lane \(lane.connection.position)/\(lane.number)"
    case .closeLane(let lane): "close lane \(lane.connection.position)/\(lane.number)"
    case .closeConnection(let id, let reason): "close \(id.position): \(reason)"
    case .grant(let id, let grant):
      "grant \(id.position): \(grant.lease.kind) \(grant.lease.lane.connection.position)/\(grant.lease.lane.number)"
    case .refuse(let id, let refusal): "refuse \(id.position): \(refusal.cause.rawValue)"
    case .stopped: "stopped"
    }
  }
}

struct TestError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

func key(_ host: String, via: PoolKey...) -> PoolKey {
  PoolKey(host: host, port: 22, user: "u", via: via)
}
