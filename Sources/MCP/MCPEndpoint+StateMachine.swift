/// What `MCPEndpoint` remembers: the legacy sessions, their calls and their listeners. A value.
struct MCPEndpointState: Sendable {
  /// What follows from a change, to be run once the lock is open.
  enum Effect: Sendable {
    case cancel(CallID, @Sendable (CallID) -> Void)
    case wake(@Sendable () -> Void)

    func run() {
      switch self {
      case .cancel(let id, let cancel): cancel(id)
      case .wake(let wake): wake()
      }
    }
  }

  let server: MCPServer
  var sessions: SessionTable
  var calls = InFlight()
  private var cancels: [CallID: @Sendable (CallID) -> Void] = [:]

  init(server: MCPServer, bounds: SessionTable.Bounds) {
    self.server = server
    self.sessions = SessionTable(bounds: bounds)
  }

  var sessionCount: Int { sessions.count }

  mutating func began(_ exchange: HTTPExchange, cancel: @escaping @Sendable (CallID) -> Void) -> [Effect] {
    var effects: [Effect] = []
    for call in exchange.calls {
      if calls.isCancelled(call.id) { effects.append(.cancel(call.id, cancel)) } else { cancels[call.id] = cancel }
    }
    return effects
  }

  /// Whether the answer to the call is still wanted.
  mutating func settled(_ call: CallID) -> Bool {
    cancels[call] = nil
    return calls.settled(call)
  }

  mutating func kept(_ step: HTTPExchange.Step, _ origin: HTTPExchange.Origin) -> [Effect] {
    let hasRoom = sessions.hasRoomForReplay
    let wake = sessions.update(origin.session) { session -> (@Sendable () -> Void)? in
      for event in step.events {
        if hasRoom { session.replay.appended(event) } else { session.replay.skipped(event.id) }
      }
      if step.isEnd { session.replay.ended(stream: origin.stream) }
      return session.listeners[origin.stream]?.wake
    }
    return wake.flatMap { $0 }.map { [.wake($0)] } ?? []
  }

  mutating func ended(_ exchange: HTTPExchange) -> [Effect] {
    for call in exchange.calls { _ = settled(call.id) }
    guard let origin = exchange.origin, !exchange.isEnded else { return [] }
    return kept(HTTPExchange.Step(isEnd: true), origin)
  }

  mutating func listening(_ stream: ListenStream, wake: @escaping @Sendable () -> Void) -> [Effect] {
    _ = sessions.update(stream.session) { session in
      guard session.listeners[stream.position.stream]?.token == stream.token else { return }
      session.listeners[stream.position.stream]?.wake = wake
    }
    return []
  }

  mutating func next(_ stream: inout ListenStream) -> ListenStep {
    guard let session = sessions.session(stream.session),
      session.listeners[stream.position.stream]?.token == stream.token,
      let events = session.replay.events(after: stream.position)
    else { return .end }
    guard let last = events.last else { return session.replay.isEnded(stream: stream.position.stream) ? .end : .wait }
    stream.position = last.id
    return .write(events.flatMap(\.bytes))
  }

  mutating func closed(_ stream: ListenStream, now: ContinuousClock.Instant) {
    _ = sessions.update(stream.session) { session in
      guard session.listeners[stream.position.stream]?.token == stream.token else { return }
      session.listeners[stream.position.stream] = nil
      session.lastUsed = now
    }
  }

  mutating func swept(now: ContinuousClock.Instant) -> (Int, [Effect]) {
    let calls = calls
    let ended = sessions.expired(now: now) { calls.contains(scope: $0) }
    let effects = ended.flatMap { dismissal(of: $0) }
    return (sessions.count, effects)
  }

  /// Stops the calls of a session that has been removed and lets its listeners go.
  mutating func dismissal(of session: LegacySession) -> [Effect] {
    let cancellations = calls.cancelled(scope: session.id).compactMap { cancellation(of: $0) }
    return cancellations + session.listeners.values.compactMap(\.wake).map(Effect.wake)
  }

  mutating func cancellation(of call: CallID) -> Effect? {
    cancels.removeValue(forKey: call).map { .cancel(call, $0) }
  }
}
