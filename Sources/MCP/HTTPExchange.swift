/// The answer to one HTTP request under way: JSON if the calls end soon and quietly, an SSE stream from the first
/// notification on or once `silence` has passed, so that a 4xx stays possible until then. A value, owned by the driver's
/// task for that request; it changes through `MCPEndpoint` alone.
///
/// In a legacy session the stream's events have ids and are kept for replay, and the work goes on when the client goes away;
/// a modern client that goes away means cancel.
package struct HTTPExchange: Sendable {
  /// Without a word the answer becomes a stream; on a stream, a comment keeps it open.
  static let silence: Duration = .seconds(15)

  /// One, or those of a batch. Run them side by side.
  package let calls: [MCPCall]
  /// The legacy session and its stream for this answer; nil for a modern request.
  let origin: Origin?

  private let server: MCPServer
  private let isBatch: Bool
  /// Of a batch, what needed no call.
  private var replies: [RPCReply]
  private var gates: [CallID: ProgressGate] = [:]
  private var open: Set<CallID>
  /// Taken back by the client, not ended yet.
  private var silent: Set<CallID> = []
  private var state = State.undecided
  private var sequence: UInt64 = 0
  private var silentSince: ContinuousClock.Instant

  struct Origin: Sendable, Hashable {
    var session: String
    var stream: UInt64
  }

  private enum State {
    /// Nothing is written. Can transition to: streaming, ended.
    case undecided
    /// The head of an SSE stream is written. Can transition to: ended.
    case streaming
    /// Complete.
    case ended
  }

  /// What to write and what to keep for replay.
  struct Step: Sendable {
    var outputs: [HTTPOutput] = []
    var events: [ReplayBuffer.Event] = []
    var isEnd = false
  }

  init(
    server: MCPServer, calls: [MCPCall], replies: [RPCReply] = [], isBatch: Bool = false, origin: Origin? = nil,
    now: ContinuousClock.Instant
  ) {
    self.server = server
    self.calls = calls
    self.replies = replies
    self.isBatch = isBatch
    self.origin = origin
    self.open = Set(calls.map(\.id))
    self.silentSince = now
    for call in calls { gates[call.id] = ProgressGate(call, now: now) }
  }

  /// Whether the calls go on when the connection is lost.
  package var survivesDisconnect: Bool { origin != nil }

  package var isEnded: Bool { state == .ended }

  /// When `MCPEndpoint.ticked` has something to do next.
  package var nextTick: ContinuousClock.Instant {
    gates.values.reduce(silentSince + Self.silence) { min($0, $1.due) }
  }

  mutating func progressed(
    _ call: CallID, done: Double, total: Double?, message: String, now: ContinuousClock.Instant
  ) -> Step {
    guard open.contains(call), let note = gates[call]?.reported(done: done, total: total, message: message, now: now)
    else { return Step() }
    var step = Step()
    stream(note.serialized(), now, &step)
    return step
  }

  mutating func logged(_ call: CallID, _ message: MCPLogMessage, now: ContinuousClock.Instant) -> Step {
    guard open.contains(call), !silent.contains(call),
      let note = calls.first(where: { $0.id == call }).flatMap(message.notification)
    else { return Step() }
    var step = Step()
    stream(note.serialized(), now, &step)
    return step
  }

  /// The client took the call back: nothing more is said of it, however long its end takes.
  package mutating func silenced(_ call: CallID) {
    gates[call] = nil
    silent.insert(call)
  }

  /// Time has passed.
  mutating func ticked(now: ContinuousClock.Instant) -> Step {
    var step = Step()
    guard state != .ended else { return step }
    for call in calls {
      if let note = gates[call.id]?.elapsed(now: now) { stream(note.serialized(), now, &step) }
    }
    guard now >= silentSince + Self.silence else { return step }
    if state == .undecided {
      commit(&step)
      if let origin, calls.contains(where: \.revision.hasPrimingEvents) {
        let id = nextID(origin)
        let bytes = ServerSentEvent.priming(id: id)
        step.events.append(ReplayBuffer.Event(id: id, bytes: bytes))
        step.outputs.append(.body(bytes))
      }
    }
    step.outputs.append(.body(ServerSentEvent.keepAlive))
    silentSince = now
    return step
  }

  mutating func finished(_ call: CallID, _ result: MCPCallResult, now: ContinuousClock.Instant) -> Step {
    guard let settled = settle(call) else { return Step() }
    let reply = server.reply(to: settled, result)
    var step = Step()
    if state == .streaming { stream(reply.bytes, now, &step) } else { replies.append(reply) }
    endIfSettled(now, &step)
    return step
  }

  /// The client has taken the request back: nothing is sent for it.
  mutating func cancelled(_ call: CallID, now: ContinuousClock.Instant) -> Step {
    guard settle(call) != nil else { return Step() }
    var step = Step()
    endIfSettled(now, &step)
    return step
  }

  private mutating func settle(_ id: CallID) -> MCPCall? {
    guard open.remove(id) != nil else { return nil }
    gates[id] = nil
    return calls.first { $0.id == id }
  }

  private mutating func endIfSettled(_ now: ContinuousClock.Instant, _ step: inout Step) {
    guard open.isEmpty, state != .ended else { return }
    if state == .undecided {
      if replies.isEmpty { commit(&step) } else { answerAtOnce(&step) }
    }
    state = .ended
    step.isEnd = true
    step.outputs.append(.end)
  }

  private func answerAtOnce(_ step: inout Step) {
    let answer =
      isBatch
      ? MCPHTTPAnswer.batch(replies)
      : MCPHTTPAnswer.reply(replies[0], isModern: origin == nil)
    step.outputs = [.head(status: answer.status, fields: answer.fields), .body(answer.body)]
  }

  private mutating func stream(_ message: [UInt8], _ now: ContinuousClock.Instant, _ step: inout Step) {
    if state == .undecided { commit(&step) }
    emit(message, &step)
    silentSince = now
  }

  /// From here on the answer is a stream; what a batch had ready goes first.
  private mutating func commit(_ step: inout Step) {
    state = .streaming
    step.outputs.append(.head(status: 200, fields: ServerSentEvent.fields))
    for reply in replies { emit(reply.bytes, &step) }
    replies = []
  }

  private mutating func emit(_ message: [UInt8], _ step: inout Step) {
    guard let origin else {
      step.outputs.append(.body(ServerSentEvent.message(message, id: nil)))
      return
    }
    let id = nextID(origin)
    let bytes = ServerSentEvent.message(message, id: id)
    step.events.append(ReplayBuffer.Event(id: id, bytes: bytes))
    step.outputs.append(.body(bytes))
  }

  private mutating func nextID(_ origin: Origin) -> EventID {
    sequence += 1
    return EventID(stream: origin.stream, sequence: sequence)
  }
}
