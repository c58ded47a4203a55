import HTTP2
import NIOCore
package import RPC
import Synchronization

/// Sendable: state behind a lock. An agent that dials in: calls take the tunnel that it has now.
///
/// A call that finds none waits for `TunnelSettings.patience`. `watch` waits as long as its deadline, and ends as soon as its tunnel takes
/// no new calls, so that its caller's next one takes the next tunnel.
package final class TunnelledAgent: LinkedAgent {
  private typealias Slot = TunnelSlot<RPCClient, ConnectionWait.Waiter>
  private struct State {
    var slot: Slot
    var nextID: UInt64 = 0
  }

  package let identity: AgentIdentity
  /// As it greeted: 0 is asked first, 1 to 3 stand in.
  package let priority: Int
  private let patience: Duration
  private let group: any EventLoopGroup
  private let state: Mutex<State>

  init(_ identity: AgentIdentity, priority: Int, patience: Duration, group: any EventLoopGroup) {
    self.identity = identity
    self.priority = priority
    self.patience = patience
    self.group = group
    state = Mutex(State(slot: Slot(at: .now)))
  }

  package var whereabouts: String { identity.description }

  package var isPresent: Bool { state.withLock { $0.slot.connection != nil } }

  /// Since when there is no tunnel; nil while there is one.
  var absentSince: ContinuousClock.Instant? { state.withLock { $0.slot.absentSince } }

  // MARK: The hub

  /// Calls take this connection from now on.
  ///
  /// - Returns: The connection's number, and the one that has to drain now; nil after `stop`.
  func use(_ client: RPCClient) -> (number: Int, replaced: HTTP2Connection?)? {
    guard let (number, replaced, waiters) = state.withLock({ $0.slot.tunnelEstablished(client) }) else { return nil }
    for waiter in waiters { waiter.resume(returning: client) }
    return (number, replaced?.connection)
  }

  /// Answers whether the agent is without a tunnel now.
  func lost(_ number: Int, _ reason: String) -> Bool {
    state.withLock { $0.slot.tunnelUnusable(number, reason, at: .now) }
  }

  /// Nobody can be asked any more.
  func stop() {
    for waiter in state.withLock({ $0.slot.stopped() }) { waiter.resume(returning: nil) }
  }

  // MARK: Calls

  package func client(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient {
    try await client(until: min(deadline, .now + patience))
  }

  package func watch(
    _ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>
  ) async throws {
    let client = try await client(until: context.deadline)
    let (ends, end) = AsyncStream.makeStream(of: String.self)
    client.connection.unusable.whenSuccess { error in
      end.yield(error.message)
      end.finish()
    }
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      tasks.addTask {
        do {
          _ = try await client.serverStream(
            AgentProtocol.watch, try request.framed(), metadata: context.metadata, deadline: context.deadline
          ) { try await sink(try WatchEvent(answered: $0)) }
          throw self.gone("the agent ended the watch")
        } catch let error as RPCError {
          if error.scope == .connection { throw self.gone(error.message) }
          throw AgentError(error, agent: self.whereabouts, elapsed: .zero)
        }
      }
      tasks.addTask {
        for await reason in ends { throw self.gone(reason) }
        throw AgentError(code: .cancelled, message: "the caller stopped watching", phase: "link")
      }
      try await tasks.next()
    }
  }

  private func gone(_ reason: String) -> AgentError {
    AgentError(
      code: .unreachable, message: "agent \(identity) has no tunnel to this coordinator: \(reason)", phase: "link",
      scope: .agent)
  }

  private func client(until limit: ContinuousClock.Instant) async throws(AgentError) -> RPCClient {
    if let client = state.withLock({ $0.slot.connection }) { return client }
    let start = ContinuousClock.now
    if let client = await wait(until: limit) { return client }
    let elapsed = start.duration(to: .now)
    if Task.isCancelled {
      throw AgentError(code: .cancelled, message: "the caller gave up", phase: "link", elapsed: elapsed)
    }
    let reason = state.withLock { $0.slot.reason }
    throw AgentError(
      code: .unreachable,
      message:
        "agent \(identity) cannot be reached: \(reason). It dials this coordinator by itself: check that `scout agent` runs there and reaches --agent-listen.",
      phase: "link", elapsed: elapsed, scope: .agent)
  }

  private func wait(until limit: ContinuousClock.Instant) async -> RPCClient? {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    return await ConnectionWait(limit: limit, group: group) { self.giveUp(id) }.client { waiter in
      switch state.withLock({ $0.slot.callArrived(id, waiter) }) {
      case .use(let client): waiter.resume(returning: client)
      case .stopped: waiter.resume(returning: nil)
      case .wait: return true
      }
      return false
    }
  }

  private func giveUp(_ id: UInt64) {
    state.withLock { $0.slot.callGaveUp(id) }?.resume(returning: nil)
  }
}
