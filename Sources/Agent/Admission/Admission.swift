import AgentAPI
import Routing
import Synchronization

/// The agent's door: every operation passes it before it touches a host. Sendable: state behind a lock.
///
/// `AdmissionQueue` decides; this tells it what happens and wakes those whose turn has come. Where nobody waits, a request
/// takes the lock on entering and on leaving and is never suspended.
final class Admission: Sendable {
  /// What a request holds from `enter` to `leave`. A value.
  struct Ticket: Sendable {
    fileprivate let id: UInt64
    fileprivate let host: String
    /// How long it waited.
    let queued: Duration
  }

  fileprivate enum Entry {
    case started
    case waiting
    case refused(AdmissionQueue.Action)
  }

  fileprivate struct State {
    var queue = AdmissionQueue()
    var paces: [String: HostPace] = [:]
    var lastID: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<AdmissionQueue.Action?, Never>] = [:]
    /// Answers that came before the one who waits for them was there.
    var early: [UInt64: AdmissionQueue.Action] = [:]
    var shed: UInt64 = 0
  }

  private let origin = ContinuousClock.now
  private let state = Mutex(State())

  /// Does `body` when the request's turn has come.
  ///
  /// - Parameter body: returns the latency that it measured, see `leave`.
  /// - Throws: AgentError (`overloaded` with the time after which it may be tried again, `timeout`), CancellationError, and what
  ///   `body` throws.
  func admitting<Output>(
    _ host: String, _ call: CallContext, _ body: (Slot) async throws -> (Output, latency: Duration?)
  ) async throws -> Output {
    let ticket = try await enter(host, call)
    do {
      let (output, latency) = try await body(Slot(door: self, ticket: ticket))
      leave(ticket, latency: latency)
      return output
    } catch {
      leave(ticket, latency: nil)
      throw error
    }
  }

  /// Returns when the request may go on.
  ///
  /// - Throws: AgentError (`overloaded` with the time after which it may be tried again, `timeout`), CancellationError.
  func enter(_ host: String, _ call: CallContext) async throws -> Ticket {
    let now = ContinuousClock.now
    let (id, entry) = arrive(host, call, now)
    switch entry {
    case .started: return Ticket(id: id, host: host, queued: .zero)
    case .refused(let action): throw Self.refusal(action)
    case .waiting:
      switch await turn(of: id) {
      case .start?: return Ticket(id: id, host: host, queued: now.duration(to: .now))
      case let refusal?: throw Self.refusal(refusal, after: now.duration(to: .now))
      case nil: throw CancellationError()
      }
    }
  }

  /// - Parameter latency: what the host took, where that is a measure of load: SFTP on a connection that stood.
  func leave(_ ticket: Ticket, latency: Duration?) {
    tell { state, now in
      let sample = latency.map { state.paces[ticket.host, default: HostPace()].ratio(of: $0.inSeconds) }
      return state.queue.finished(ticket.id, sample: sample, now: now)
    }
  }

  /// The request waits for its host, or a command runs there: the agent has nothing to do for it.
  func park(_ ticket: Ticket) { tell { $0.queue.parked(ticket.id, now: $1) } }

  /// It has.
  func resume(_ ticket: Ticket) {
    tell { state, _ in
      state.queue.resumed(ticket.id)
      return []
    }
  }

  /// Forgets hosts that are served no more.
  func keep(_ hosts: Set<String>) {
    state.withLock { state in state.paces = state.paces.filter { hosts.contains($0.key) } }
  }

  /// Puts the door's part into a report.
  func report(in figures: inout LoadFigures) {
    state.withLock { state in
      figures.inFlight = UInt32(clamping: state.queue.working)
      figures.waiting = UInt32(clamping: state.queue.waiting)
      figures.limit = UInt32(clamping: state.queue.limit.current)
      figures.refused = state.shed
    }
  }

  // MARK: Parts

  private func timestamp(_ instant: ContinuousClock.Instant) -> Timestamp { Timestamp(origin.duration(to: instant)) }

  private func arrive(_ host: String, _ call: CallContext, _ now: ContinuousClock.Instant) -> (UInt64, Entry) {
    let (moment, deadline) = (timestamp(now), timestamp(call.deadline))
    let (id, entry, resumed) = state.withLock { state in
      state.lastID += 1
      let id = state.lastID
      var actions = state.queue.arrived(
        id, flow: FlowKey(principal: call.principal, host: host), Criticality(call.importance), deadline: deadline,
        now: moment)
      var entry = Entry.waiting
      if let index = actions.firstIndex(where: { $0.id == id }) {
        let own = actions.remove(at: index)
        entry = own == .start(id) ? .started : .refused(own)
        if case .refused = entry { state.shed += 1 }
      }
      return (id, entry, actions.isEmpty ? [] : state.answers(actions))
    }
    for (continuation, action) in resumed { continuation.resume(returning: action) }
    return (id, entry)
  }

  private func tell(_ event: (inout State, Timestamp) -> [AdmissionQueue.Action]) {
    let now = timestamp(.now)
    let resumed = state.withLock { state in
      let actions = event(&state, now)
      return actions.isEmpty ? [] : state.answers(actions)
    }
    for (continuation, action) in resumed { continuation.resume(returning: action) }
  }

  /// Nil: the task was cancelled.
  private func turn(of id: UInt64) async -> AdmissionQueue.Action? {
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> AdmissionQueue.Action?? in
          if let early = state.early.removeValue(forKey: id) { return early }
          guard !Task.isCancelled else {
            state.queue.withdrawn(id)
            return .some(nil)
          }
          state.waiting[id] = continuation
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        // Not there yet: it sees by itself that it was cancelled. Answered already: it holds its turn.
        guard let continuation = state.waiting.removeValue(forKey: id) else {
          return CheckedContinuation<AdmissionQueue.Action?, Never>?.none
        }
        state.queue.withdrawn(id)
        return continuation
      }
      continuation?.resume(returning: nil)
    }
    return answer
  }

  private static func refusal(_ action: AdmissionQueue.Action, after waited: Duration = .zero) -> AgentError {
    switch action {
    case .shed(_, let pushback):
      AgentError(
        code: .overloaded, message: "the agent has more to do than it can: nothing was run, try again in a moment",
        phase: "queue", elapsed: waited, retryAfter: pushback, scope: .agent)
    case .tooLate, .start:
      AgentError(
        code: .timeout,
        message: "what remained of the time was less than such a request takes here; nothing was run: "
          + "ask fewer hosts at once, or allow more time",
        phase: "queue", elapsed: waited, scope: .agent)
    }
  }
}

extension Admission.State {
  /// Who is to be woken with what.
  fileprivate mutating func answers(
    _ actions: [AdmissionQueue.Action]
  ) -> [(CheckedContinuation<AdmissionQueue.Action?, Never>, AdmissionQueue.Action)] {
    actions.compactMap { action in
      if action != .start(action.id) { shed += 1 }
      guard let continuation = waiting.removeValue(forKey: action.id) else {
        early[action.id] = action
        return nil
      }
      return (continuation, action)
    }
  }
}

extension AdmissionQueue.Action {
  fileprivate var id: UInt64 {
    switch self {
    case .start(let id), .shed(let id, _), .tooLate(let id): id
    }
  }
}

extension Criticality {
  init(_ importance: CallImportance) {
    switch importance {
    case .control: self = .control
    case .interactive: self = .interactive
    case .batch: self = .batch
    case .hedge: self = .optional
    }
  }
}
