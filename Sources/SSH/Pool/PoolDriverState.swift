import Pool
import SSHConfig

/// What `SSHPool` keeps behind its lock: the pool's decisions, and the objects that they are about. A value.
struct PoolDriverState: ~Copyable {
  var pool: Pool<Moment>
  /// Where the pool's time begins.
  private let origin = ContinuousClock.now
  /// How to reach a host, for connections that the pool may ask for: the newest word of whoever asked for it.
  private var hosts: [PoolKey: ResolvedHost] = [:]
  /// As many hosts as make a look at which of them the pool has forgotten worth its time.
  private var manyHosts = 1024
  private(set) var links: [ConnectionID: PoolLink] = [:]
  private var waiters: [RequestID: PoolWaiter] = [:]
  /// When the timer that counts is due; earlier ones are past caring for.
  var timerDue: Moment?

  init(settings: PoolSettings, random: SplitMix64) {
    pool = Pool(settings: settings, random: random)
  }

  var now: Moment { moment(.now) }

  func moment(_ instant: ContinuousClock.Instant) -> Moment { Moment(origin.duration(to: instant)) }

  /// Asks the pool. The first answer is nil where the task has to suspend for `RequestID`'s.
  mutating func request(
    _ key: PoolKey, _ host: ResolvedHost, jumps: [ResolvedHost], kind: LeaseKind, class: LeaseClass,
    deadline: ContinuousClock.Instant
  ) -> (PoolReply, [PoolEffect]) {
    let (answer, actions) = pool.leaseRequested(key, kind: kind, class: `class`, deadline: moment(deadline), now: now)
    switch answer {
    case .granted(let grant):
      if let held = held(grant) { return (.held(held), effects(of: actions)) }
      return (.refused(.cancelled), effects(of: pool.leaseReturned(grant.lease, sound: false, now: now)))
    case .refused(let refusal):
      return (.refused(refusal), effects(of: actions))
    case .waiting(let id):
      learn(key, host, jumps: jumps)
      waiters[id] = .expected
      return (.waiting(id), effects(of: actions))
    }
  }

  /// The task of a waiting request suspends. The answer, if it is there already.
  mutating func suspend(
    _ id: RequestID, _ continuation: CheckedContinuation<Result<HeldLease, LeaseRefusal>, Never>
  ) -> Result<HeldLease, LeaseRefusal>? {
    if case .answered(let answer) = waiters[id] {
      waiters[id] = nil
      return answer
    }
    waiters[id] = .suspended(continuation)
    return nil
  }

  /// False if the pool wants the connection no more.
  mutating func link(_ id: ConnectionID, _ connection: SSHConnection) -> Bool {
    links[id]?.connection = connection
    return links[id].map { !$0.isUnwanted } ?? false
  }

  mutating func unlink(_ id: ConnectionID) { links[id] = nil }

  /// False if the lane's connection is gone.
  mutating func setLane(_ lane: SFTPLane?, at id: LaneID) -> Bool {
    guard links[id.connection]?.connection != nil else { return false }
    links[id.connection]?.set(lane, at: id.number)
    return true
  }

  /// Every connection that stands, for the end.
  mutating func takeConnections() -> [SSHConnection] {
    defer { links = [:] }
    return links.values.compactMap(\.connection)
  }

  /// What the pool's actions mean outside the lock.
  mutating func effects(of actions: PoolActions<Moment>) -> [PoolEffect] {
    var effects: [PoolEffect] = []
    for action in actions.list {
      switch action {
      case .connect(let id, let key, let outer, let keepalive):
        effects.append(connect(id, key, over: outer, keepalive: keepalive))
      case .openLane(let lane):
        if let connection = links[lane.connection]?.connection { effects.append(.start(.openLane(lane, connection))) }
      case .closeLane(let lane):
        let closing = links[lane.connection].flatMap {
          $0.lanes.indices.contains(lane.number) ? $0.lanes[lane.number] : nil
        }
        links[lane.connection]?.set(nil, at: lane.number)
        effects.append(.closeLane(lane, closing))
      case .closeConnection(let id, _):
        if let connection = links[id]?.connection {
          effects.append(.start(.close(connection)))
        } else {
          links[id]?.isUnwanted = true
        }
      case .grant(let id, let grant):
        if let held = held(grant) {
          answer(id, .success(held), &effects)
        } else {
          answer(id, .failure(.cancelled), &effects)
          effects += self.effects(of: pool.leaseReturned(grant.lease, sound: false, now: now))
        }
      case .refuse(let id, let refusal):
        answer(id, .failure(refusal), &effects)
      case .stopped:
        effects.append(.finish)
      }
    }
    if let wake = actions.wake {
      timerDue = wake
      effects.append(.wake(wake, in: max(.zero, now.duration(to: wake))))
    }
    return effects
  }

  private func held(_ grant: LeaseGrant) -> HeldLease? {
    guard let link = links[grant.lease.lane.connection], let connection = link.connection else { return nil }
    guard grant.lease.kind == .files else { return HeldLease(grant: grant, connection: connection, lane: nil) }
    let number = grant.lease.lane.number
    guard link.lanes.indices.contains(number), let lane = link.lanes[number] else { return nil }
    return HeldLease(grant: grant, connection: connection, lane: lane)
  }

  private mutating func answer(
    _ id: RequestID, _ result: Result<HeldLease, LeaseRefusal>, _ effects: inout [PoolEffect]
  ) {
    switch waiters.removeValue(forKey: id) {
    case .suspended(let continuation): effects.append(.resume(continuation, result))
    case .expected: waiters[id] = .answered(result)
    case .answered, nil: break
    }
  }

  private mutating func connect(
    _ id: ConnectionID, _ key: PoolKey, over outer: ConnectionID?, keepalive: Duration
  ) -> PoolEffect {
    guard let host = hosts[key] else {
      return .reportFailure(id, SSHError(.failure, "nobody said how host `\(key.host)` is reached"))
    }
    links[id] = PoolLink(host: host)
    guard let outer else { return .start(.connect(id, host, over: nil, keepalive: keepalive)) }
    guard let connection = links[outer]?.connection else {
      return .reportFailure(
        id, SSHError(.connectionLost, "the connection to the jump host of `\(host.alias)` ended", scope: .connection))
    }
    return .start(.connect(id, host, over: connection, keepalive: keepalive))
  }

  private mutating func learn(_ key: PoolKey, _ host: ResolvedHost, jumps: [ResolvedHost]) {
    if hosts.count >= manyHosts {
      // Settings change while the process lives, and each change makes keys anew.
      let known = pool.knownKeys
      hosts = hosts.filter { known.contains($0.key) }
      manyHosts = max(1024, 2 * hosts.count)
    }
    hosts[key] = host
    for (index, jump) in jumps.enumerated() {
      hosts[PoolKey(jump, jumps: jumps[..<index])] = jump
    }
  }
}

/// The pool's answer to a request, with what the lease gives access to.
enum PoolReply: Sendable {
  case held(HeldLease)
  case waiting(RequestID)
  case refused(LeaseRefusal)
}
