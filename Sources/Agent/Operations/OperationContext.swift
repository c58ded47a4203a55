import AgentAPI
import Pool
import SSH

/// What every operation has at hand: the host it is for, its bounds, and where its SSH comes from. A value.
struct OperationContext: Sendable {
  let host: InventoryHost
  let pool: SSHPool
  let settings: AgentSettings
  let call: CallContext
  let slot: Slot

  /// Leases an SFTP lane of the host for the length of `body`.
  ///
  /// - Parameter bulk: for long transfers, which then do not hold up short requests to the same host.
  /// - Throws: `SSHError`, and what `body` throws.
  func withFiles<Result: Sendable>(
    bulk: Bool = false, _ body: (SFTPLane) async throws -> Result
  ) async throws -> (Result, CallTimings) {
    let start = ContinuousClock.now
    let (result, lease) = try await pool.withFiles(
      host.resolved, jumps: host.jumps, lane: bulk ? .bulk : .request, deadline: call.deadline,
      waits: { slot.waits($0) }, body)
    return (result, timings(lease, since: start))
  }

  /// - Parameter start: when the request was let in.
  func timings(_ lease: LeaseTimings, since start: ContinuousClock.Instant) -> CallTimings {
    var timings = CallTimings(lease, total: start.duration(to: .now))
    timings.queue += slot.queued
    return timings
  }

  /// Kept back from the caller's time, so that ending a command that runs too long, and saying so, still fits into it.
  static let endingReserve: Duration = .seconds(2)

  /// When a command has to end: a fifth of what remains, two seconds at most, is kept for the ending.
  func commandDeadline(from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
    let remaining = start.duration(to: call.deadline)
    let reserve = min(remaining / 5, Self.endingReserve)
    return min(call.deadline - reserve, start + settings.commandTimeout)
  }

  /// When a walk has to stop looking for what it found to reach the caller in time: a quarter of what remains is kept for
  /// that, a second at most.
  func lookingDeadline(from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
    call.deadline - min(start.duration(to: call.deadline) / 4, .seconds(1))
  }

  /// When the caller has to be told of a command whose end is not confirmed, for the word to reach it in its time.
  func lastWord(from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
    call.deadline - min(start.duration(to: call.deadline) / 20, .milliseconds(100))
  }

  /// The error, with the agent's own bound named where that ended a command for which its caller had more time.
  func explaining(_ error: SSHError, from start: ContinuousClock.Instant) -> SSHError {
    guard error.code == .timeout, commandDeadline(from: start) == start + settings.commandTimeout else { return error }
    var error = error
    error.message +=
      "; this agent lets a command run \(settings.commandTimeout.components.seconds) s (SCOUT_COMMAND_TIMEOUT), whatever the call's timeout"
    return error
  }
}

extension CallTimings {
  /// The host's time where it is a measure of the agent's load: a handshake says nothing of that.
  var loadSample: Duration? { poolHit ? host : nil }

  /// - Parameter total: the whole time on the agent; what is neither queue nor connect was the host's.
  init(_ lease: LeaseTimings, total: Duration) {
    self.init(
      host: max(.zero, total - lease.queue - lease.connect), connect: lease.connect, queue: lease.queue,
      poolHit: lease.hit)
  }
}
