import Pool
import SSHConfig

/// A connection as the driver keeps it. A value.
struct PoolLink: Sendable {
  let host: ResolvedHost
  /// Nil while it is being made.
  var connection: SSHConnection?
  /// By lane number.
  var lanes: [SFTPLane?] = []
  /// The pool gave up on it before it stood.
  var isUnwanted = false

  mutating func set(_ lane: SFTPLane?, at number: Int) {
    while lanes.count <= number { lanes.append(nil) }
    lanes[number] = lane
  }
}

/// A lease with what it gives access to. A value.
struct HeldLease: Sendable {
  let grant: LeaseGrant
  let connection: SSHConnection
  /// For leases of kind `files`.
  let lane: SFTPLane?

  var timings: LeaseTimings {
    LeaseTimings(queue: grant.queued, connect: grant.connecting, hit: grant.hit)
  }
}

/// A request that waits for the pool's answer. A value.
enum PoolWaiter: Sendable {
  /// The task is about to suspend. Can transition to: suspended, answered.
  case expected
  case suspended(CheckedContinuation<Result<HeldLease, LeaseRefusal>, Never>)
  /// The answer came before the task had suspended.
  case answered(Result<HeldLease, LeaseRefusal>)
}

/// Work that takes time, done by a child task of `SSHPool.run()`.
enum PoolJob: Sendable {
  case connect(ConnectionID, ResolvedHost, over: SSHConnection?, keepalive: Duration)
  case openLane(LaneID, SSHConnection)
  case close(SSHConnection)
}

/// What is to be done outside the lock.
enum PoolEffect: Sendable {
  case start(PoolJob)
  case resume(CheckedContinuation<Result<HeldLease, LeaseRefusal>, Never>, Result<HeldLease, LeaseRefusal>)
  /// The lane's channel closes; the lane is free when it has.
  case closeLane(LaneID, SFTPLane?)
  case reportFailure(ConnectionID, SSHError)
  case wake(Moment, in: Duration)
  case finish
}
