package import Logging
package import NIOCore
package import Pool
package import SSHConfig
import ServiceLifecycle
import Synchronization

/// The bounded pool of SSH connections: every operation on a host goes through it.
///
/// Sendable: state behind a lock. `Pool` decides, this drives: it dials, opens lanes, resumes those who wait. Connections
/// are made while `run()` runs; whoever asks earlier waits for that. A warm lease takes the lock twice and creates no
/// task.
package final class SSHPool: Sendable, Service {
  package let settings: SSHPoolSettings
  let credentials: SSHCredentials
  let group: any EventLoopGroup
  /// The loop of the one timer.
  let timerLoop: any EventLoop
  let logger: Logger
  let observer: HostObserver?
  let state: Mutex<PoolDriverState>
  let jobs: AsyncStream<PoolJob>
  let queue: AsyncStream<PoolJob>.Continuation

  /// - Parameters:
  ///   - seed: of the generator that spreads keepalives, lifetimes and pauses.
  ///   - observer: told what is learnt of hosts.
  package init(
    settings: SSHPoolSettings = SSHPoolSettings(), credentials: SSHCredentials = SSHCredentials(),
    group: any EventLoopGroup, logger: Logger, seed: UInt64 = .random(in: .min ... .max),
    observer: HostObserver? = nil
  ) {
    self.settings = settings
    self.credentials = credentials
    self.group = group
    self.logger = logger
    self.observer = observer
    timerLoop = group.next()
    state = Mutex(PoolDriverState(settings: settings.pool, random: SplitMix64(seed: seed)))
    (jobs, queue) = AsyncStream.makeStream()
  }

  /// Leases an SFTP lane of `host` for the length of `body`.
  ///
  /// - Parameters:
  ///   - jumps: the resolved hosts of its ProxyJump, in the order in which they are dialled.
  ///   - lane: `bulk` for long transfers, which then do not hold up short requests to the same host.
  ///   - deadline: bounds the wait for the lane; what `body` does has its own.
  ///   - waits: told true when there is no lane at once, and false when the wait is over.
  /// - Throws: `SSHError` (`overloaded`, `timeout`, `connectTimeout`, `cancelled` and whatever kept the host from being
  ///   reached), and what `body` throws.
  package func withFiles<Output: Sendable>(
    _ host: ResolvedHost, jumps: [ResolvedHost] = [], lane class: LeaseClass = .request,
    deadline: ContinuousClock.Instant, waits: @Sendable (Bool) -> Void = { _ in },
    _ body: (SFTPLane) async throws -> Output
  ) async throws -> (Output, LeaseTimings) {
    let (held, lane) = try await acquireLane(host, jumps: jumps, class: `class`, deadline: deadline, waits: waits)
    do {
      let output = try await body(lane)
      giveBack(held, sound: lane.isUsable)
      return (output, held.timings)
    } catch {
      giveBack(held, sound: lane.isUsable)
      throw error
    }
  }

  /// Runs a command on `host`, see `SSHConnection.run`.
  ///
  /// - Parameters:
  ///   - deadline: bounds the wait and the command.
  ///   - lastWord: as in `SSHConnection.run`; the lease is held until the command is gone.
  ///   - waits: as in `withFiles`.
  ///   - starting: called with a connection at hand, before the host learns anything of the command; throwing, it keeps
  ///     the command from being begun.
  /// - Throws: as `withFiles`, and what `SSHConnection.run` throws.
  package func run(
    _ host: ResolvedHost, jumps: [ResolvedHost] = [], _ command: RemoteCommand, deadline: ContinuousClock.Instant,
    lastWord: ContinuousClock.Instant? = nil, waits: @Sendable (Bool) -> Void = { _ in },
    starting: @Sendable () async throws -> Void = {},
    launched: @Sendable () async throws -> Void = {},
    output: @Sendable (OutputChunk) async throws -> Void
  ) async throws -> (CommandExit, LeaseTimings) {
    var hasStarted = false
    while true {
      let held = try await acquire(
        host, jumps: jumps, kind: .command, class: .request, deadline: deadline, waits: waits)
      do {
        if !hasStarted { try await starting() }
      } catch {
        giveBack(held, sound: held.connection.isOpen)
        throw error
      }
      do {
        let exit = try await held.connection.run(
          command, deadline: deadline, lastWord: lastWord, launched: launched, output: output,
          released: { self.giveBack(held, sound: held.connection.isOpen) })
        return (exit, held.timings)
      } catch let error as SSHError where error.isRefusedChannel && !hasStarted {
        // Nothing has run. Once more where lanes for files take the place: one of them is closed for it.
        let id = held.grant.lease.lane.connection
        guard state.withLock({ $0.pool.commandRefused(id) }) else { throw error }
        hasStarted = true
      }
    }
  }

  /// Has a connection to `host` made, if none stands, and leaves it idle: no channel is opened on it.
  ///
  /// - Throws: as `withFiles`.
  package func touch(
    _ host: ResolvedHost, jumps: [ResolvedHost] = [], deadline: ContinuousClock.Instant
  ) async throws(SSHError) {
    let held = try await acquire(
      host, jumps: jumps, kind: .command, class: .request, deadline: deadline, waits: { _ in })
    giveBack(held, sound: true)
  }

  /// The pool's figures. Takes time with the number of connections: for reports.
  package func snapshot() -> PoolSnapshot {
    state.withLock { $0.pool.snapshot() }
  }

  /// What the pool knows about one host.
  package func contact(with host: ResolvedHost, jumps: [ResolvedHost] = []) -> HostContact {
    let key = PoolKey(host, jumps: jumps)
    let (isConnected, health, now) = state.withLock { state in
      (state.pool.isConnected(key), state.pool.hostState(key), state.now)
    }
    let failures = health.failures
    let isOpen = if case .circuitOpen = health { true } else { false }
    return HostContact(
      isConnected: isConnected, isRefused: isOpen,
      lastError: failures.map { SSHError($0.last.reason, host: host.alias) },
      lastErrorAge: failures.map { $0.lastAt.duration(to: now) },
      retryIn: failures.map { max(.zero, now.duration(to: $0.retryAt)) })
  }
}
