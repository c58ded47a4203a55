import Pool
import SSHConfig
import Synchronization

/// Getting a lease and giving it back: the path of every request.
extension SSHPool {
  /// A lane that works: one that died while nobody used it is given back and the next one taken.
  func acquireLane(
    _ host: ResolvedHost, jumps: [ResolvedHost], class: LeaseClass, deadline: ContinuousClock.Instant,
    waits: @Sendable (Bool) -> Void
  ) async throws(SSHError) -> (HeldLease, SFTPLane) {
    while true {
      let held = try await acquire(host, jumps: jumps, kind: .files, class: `class`, deadline: deadline, waits: waits)
      if let lane = held.lane, lane.isUsable { return (held, lane) }
      giveBack(held, sound: false)
    }
  }

  func acquire(
    _ host: ResolvedHost, jumps: [ResolvedHost], kind: LeaseKind, class: LeaseClass,
    deadline: ContinuousClock.Instant, waits: @Sendable (Bool) -> Void
  ) async throws(SSHError) -> HeldLease {
    if let message = host.unsupportedMessage { throw SSHError(.unsupported, message) }
    let key = PoolKey(host, jumps: jumps)
    let (reply, effects) = state.withLock {
      $0.request(key, host, jumps: jumps, kind: kind, class: `class`, deadline: deadline)
    }
    perform(effects)
    switch reply {
    case .held(let held): return held
    case .refused(let refusal): throw SSHError(refusal, host: host.alias)
    case .waiting(let id):
      waits(true)
      defer { waits(false) }
      switch await answer(to: id) {
      case .success(let held): return held
      case .failure(let refusal): throw SSHError(refusal, host: host.alias)
      }
    }
  }

  func giveBack(_ held: HeldLease, sound: Bool) {
    let effects = state.withLock { state in
      let actions = state.pool.leaseReturned(held.grant.lease, sound: sound, now: state.now)
      return state.effects(of: actions)
    }
    perform(effects)
  }

  private func answer(to id: RequestID) async -> Result<HeldLease, LeaseRefusal> {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { $0.suspend(id, continuation) }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      tell { $0.leaseCancelled(id, now: $1) }
    }
  }
}
