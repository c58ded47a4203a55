import HTTP2
import Logging
import NIOCore
import RPC
import ServiceLifecycle
import Synchronization

/// Sendable: state behind a lock. Keeps one connection to an agent while `run` runs.
///
/// Whoever learns something (an attempt's end, a lost connection, a call) tells the state machine under the lock; what is to
/// be done about the link is done by `run`, in its task group.
final class RemoteLink: Sendable {
  typealias Machine = RemoteLinkStateMachine<RPCClient, ConnectionWait.Waiter>

  let target: AgentTarget
  private let settings: LinkSettings
  private let group: any EventLoopGroup
  private let logger: Logger

  private struct State {
    var machine: Machine
    var nextID: UInt64 = 0
    var observers: [UInt64: AsyncStream<LinkState>.Continuation] = [:]
    /// Why the last attempt failed, as the log has it: the same is not said again and again.
    var complaint: String?
  }
  private let state: Mutex<State>

  /// More than an agent's own grace.
  private static let longestDrain: Duration = .seconds(60)

  private enum Errand: Sendable {
    case command(Machine.Command)
    case stop
  }
  private let errands: AsyncStream<Errand>
  private let newErrand: AsyncStream<Errand>.Continuation

  init(target: AgentTarget, settings: LinkSettings, group: any EventLoopGroup, logger: Logger) {
    self.target = target
    self.settings = settings
    self.group = group
    self.logger = logger
    let backoff = Backoff(first: settings.firstBackoff, longest: settings.longestBackoff)
    state = Mutex(State(machine: Machine(backoff: backoff, stableAfter: settings.stableAfter)))
    (errands, newErrand) = AsyncStream.makeStream(of: Errand.self)
  }

  var linkState: LinkState { state.withLock { $0.machine.state } }

  /// The state now and at each change, the latest one only for a slow reader; ends with the link.
  func states() -> AsyncStream<LinkState> {
    let (states, observer) = AsyncStream.makeStream(of: LinkState.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.nextID += 1
      state.observers[state.nextID] = observer
      observer.yield(state.machine.state)
      return state.nextID
    }
    observer.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.observers.removeValue(forKey: id) }
    }
    return states
  }

  // MARK: Calls

  /// A connection to call by. A link that is down is waited for until `deadline`, at most the connect timeout.
  ///
  /// - Parameter isUrgent: the next attempt is made sooner for it.
  /// - Throws: `unreachable`, which names the agent, or `cancelled`; nothing has run.
  func client(deadline: ContinuousClock.Instant, isUrgent: Bool = true) async throws(AgentError) -> RPCClient {
    if let client = state.withLock({ $0.machine.connection }) { return client }
    let start = ContinuousClock.now
    let client = await wait(until: min(deadline, start + settings.connectTimeout), isUrgent: isUrgent)
    if let client { return client }
    let elapsed = start.duration(to: .now)
    if Task.isCancelled {
      throw AgentError(code: .cancelled, message: "the caller gave up", phase: "link", elapsed: elapsed)
    }
    let reason = state.withLock { $0.machine.reason }
    throw AgentError(
      code: .unreachable,
      message:
        "agent \(target) cannot be reached: \(reason). Check that `scout agent` runs there and that the way is open.",
      phase: "link", elapsed: elapsed, scope: .agent)
  }

  private func wait(until limit: ContinuousClock.Instant, isUrgent: Bool) async -> RPCClient? {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    return await ConnectionWait(limit: limit, group: group) { self.giveUp(id) }.client { waiter in
      switch change({ $0.callArrived(id, waiter, isUrgent: isUrgent, at: .now, jitter: .random(in: 0..<1)) }) {
      case .use(let client): waiter.resume(returning: client)
      case .stopped: waiter.resume(returning: nil)
      case .wait(let command):
        carryOut(command)
        return true
      }
      return false
    }
  }

  private func giveUp(_ id: UInt64) {
    state.withLock { $0.machine.callGaveUp(id) }?.resume(returning: nil)
  }

  // MARK: The link

  /// Keeps the link until graceful shutdown or cancellation. Once.
  func run() async {
    await withDiscardingTaskGroup { group in
      await withTaskCancellationOrGracefulShutdownHandler {
        carryOut(change { $0.started(at: .now) })
        loop: for await errand in errands {
          switch errand {
          case .stop: break loop
          case .command(.connect): group.addTask { await self.connect() }
          case .command(.pause(let until, let number)): group.addTask { await self.pause(until, number) }
          }
        }
      } onCancelOrGracefulShutdown: {
        self.newErrand.yield(.stop)
      }
      let (client, waiters) = change { $0.stopped() }
      for waiter in waiters { waiter.resume(returning: nil) }
      for observer in state.withLock({ $0.observers.values.map { $0 } }) { observer.finish() }
      group.cancelAll()
      await client?.connection.shutdown(grace: settings.grace)
    }
  }

  private func connect() async {
    let eventLoop = group.any()
    do throws(HTTP2Error) {
      let connection = try await HTTP2Connection.connect(
        host: target.host, port: target.port, tls: target.tls, settings: settings.http2, on: eventLoop,
        timeout: settings.connectTimeout, logger: logger)
      await use(connection)
    } catch {
      let isNew = state.withLock { state in
        defer { state.complaint = error.message }
        return state.complaint != error.message
      }
      logger.log(level: isNew ? .warning : .debug, "An agent cannot be reached", metadata: metadata(error.message))
      carryOut(change { $0.connectionFailed(error.message, at: .now, jitter: .random(in: 0..<1)) })
    }
  }

  /// Returns when the connection is over.
  private func use(_ connection: HTTP2Connection) async {
    var rpc = RPCSettings()
    rpc.replyMargin = settings.replyMargin
    let client = RPCClient(
      connection: connection, authority: target.authority, isSecure: target.tls != nil, settings: rpc)
    guard let (number, waiters) = change({ $0.connectionEstablished(client, at: .now) }) else {
      await connection.shutdown(grace: .zero)
      return
    }
    state.withLock { $0.complaint = nil }
    logger.info("An agent is connected", metadata: metadata(nil))
    for waiter in waiters { waiter.resume(returning: client) }
    // Learned at once, on the event loop: the next call must not find it any more.
    connection.unusable.whenSuccess { error in
      self.carryOut(
        self.change { $0.connectionUnusable(number, error.message, at: .now, jitter: .random(in: 0..<1)) })
    }
    guard let error = try? await connection.unusable.get() else { return }
    logger.warning("The link to an agent ended", metadata: metadata(error.message))
    await retire(connection)
  }

  /// Calls that were begun may end: for as long as a draining agent lets them, or for `grace` when this side stops.
  private func retire(_ connection: HTTP2Connection) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await connection.shutdown(grace: Self.longestDrain) }
      group.addTask {
        try? await Task.sleep(for: Self.longestDrain)
        await connection.shutdown(grace: self.settings.grace)
      }
      await group.next()
      group.cancelAll()
    }
  }

  private func pause(_ until: ContinuousClock.Instant, _ number: Int) async {
    guard (try? await Task.sleep(until: until, clock: .continuous)) != nil else { return }
    carryOut(change { $0.pauseEnded(number, at: .now) })
  }

  private func carryOut(_ command: Machine.Command?) {
    if let command { newErrand.yield(.command(command)) }
  }

  /// Tells the machine something, and the observers when that changed the link's state.
  private func change<R: Sendable>(_ body: (inout Machine) -> R) -> R {
    state.withLock { state in
      let before = state.machine.state
      let result = body(&state.machine)
      let after = state.machine.state
      if after != before {
        for observer in state.observers.values { observer.yield(after) }
      }
      return result
    }
  }

  private func metadata(_ reason: String?) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["agent": "\(target.name)", "address": "\(target.authority)"]
    if let reason { metadata["reason"] = "\(reason)" }
    return metadata
  }
}
