/// The legacy half of the HTTP table: sessions, batches, streams.
extension MCPEndpointState {
  /// `offeredSession` is the id that a new session gets.
  mutating func received(
    _ request: LegacyRequest, principal: String, offeredSession: String, now: ContinuousClock.Instant, id: () -> CallID
  ) -> (HTTPDecision, [Effect]) {
    if case .message(.request(let initialize)) = request.content, initialize.method == "initialize" {
      return initialized(initialize, principal: principal, id: offeredSession, now: now)
    }
    guard let name = request.session else {
      let error = RPCError(.invalidRequest, "Mcp-Session-Id is missing; send initialize first")
      return refuse(400, error, request)
    }
    guard let session = sessions.used(id: name, principal: principal, now: now) else {
      return refuse(404, RPCError(.invalidRequest, "Session not found; send initialize again"), request)
    }
    switch request.content {
    case .message(.request(let request)): return (requested([.success(request)], isBatch: false, session, now, id), [])
    case .message(.notification(let notification)): return (.respond(.accepted), noted(notification, session))
    case .message(.response): return (.respond(.accepted), [])
    case .batch(let messages): return batched(messages, session, now, id)
    case .listen(let last): return listened(session, after: last)
    case .end:
      let effects = sessions.removed(name).map { dismissal(of: $0) } ?? []
      return (.respond(MCPHTTPAnswer(status: 204)), effects)
    }
  }

  private mutating func initialized(
    _ request: RPCRequest, principal: String, id: String, now: ContinuousClock.Instant
  ) -> (HTTPDecision, [Effect]) {
    let dispatch = server.dispatchLegacy(request, revision: .newestLegacy, logLevel: nil) { CallID(0) }
    guard case .initialize(let revision, let result) = dispatch else {
      return (.respond(answer(to: request, dispatch)), [])
    }
    var ended: [LegacySession] = []
    let calls = calls
    let isOpen = sessions.opened(
      id: id, principal: principal, revision: revision, now: now, isBusy: { calls.contains(scope: $0) }, ended: &ended)
    let effects = ended.flatMap { dismissal(of: $0) }
    guard isOpen else {
      let error = RPCError(.internalError, "Too many open sessions; end one or try again later")
      return (.respond(.refusal(503, error, id: request.id, fields: [MCPHTTPField("retry-after", "30")])), effects)
    }
    let reply = RPCReply(id: request.id, .success(result))
    return (.respond(.reply(reply, isModern: false, fields: [MCPHTTPField("mcp-session-id", id)])), effects)
  }

  /// Requests of one body: an answer at once, or an exchange where there is a tool to run.
  private mutating func requested(
    _ requests: [Result<RPCRequest, RPCRejection>], isBatch: Bool, _ session: LegacySession,
    _ now: ContinuousClock.Instant, _ id: () -> CallID
  ) -> HTTPDecision {
    var replies: [RPCReply] = []
    var started: [MCPCall] = []
    for request in requests {
      switch request {
      case .failure(let rejection): replies.append(RPCReply(rejection))
      case .success(let request) where isBatch && request.method == "initialize":
        replies.append(RPCReply(id: request.id, .failure(RPCError(.invalidRequest, "initialize cannot be in a batch"))))
      case .success(let request):
        let level = sessions.session(session.id)?.logLevel
        let dispatch = server.dispatchLegacy(request, revision: session.revision, logLevel: level, id: id)
        if case .call(let call) = dispatch {
          started.append(call)
        } else {
          if case .setLogLevel(let level) = dispatch { _ = sessions.update(session.id) { $0.logLevel = level } }
          replies.append(reply(to: request, dispatch))
        }
      }
    }
    guard !started.isEmpty else {
      return .respond(isBatch ? .batch(replies) : .reply(replies[0], isModern: false))
    }
    for call in started { calls.began(call, scope: session.id) }
    let stream = sessions.update(session.id) { $0.openedStream() } ?? 0
    return .run(
      HTTPExchange(
        server: server, calls: started, replies: replies, isBatch: isBatch,
        origin: HTTPExchange.Origin(session: session.id, stream: stream), now: now))
  }

  private mutating func batched(
    _ messages: [JSON], _ session: LegacySession, _ now: ContinuousClock.Instant, _ id: () -> CallID
  ) -> (HTTPDecision, [Effect]) {
    guard session.revision.hasBatches else { return (.respond(.refusal(400, .oneMessage)), []) }
    guard (1...server.limits.batch).contains(messages.count) else {
      let error = RPCError(.invalidRequest, "A batch holds 1 to \(server.limits.batch) messages")
      return (.respond(.refusal(400, error)), [])
    }
    var requests: [Result<RPCRequest, RPCRejection>] = []
    var effects: [Effect] = []
    for message in messages {
      do throws(RPCRejection) {
        switch try RPCMessage(message) {
        case .request(let request): requests.append(.success(request))
        case .notification(let notification): effects += noted(notification, session)
        case .response: continue
        }
      } catch { requests.append(.failure(error)) }
    }
    guard !requests.isEmpty else { return (.respond(.accepted), effects) }
    return (requested(requests, isBatch: true, session, now, id), effects)
  }

  private mutating func noted(_ notification: RPCNotification, _ session: LegacySession) -> [Effect] {
    guard notification.method == "notifications/cancelled", let message = MessageID(notification.params["requestId"]),
      let call = calls.cancelled(message, scope: session.id)
    else { return [] }
    return cancellation(of: call).map { [$0] } ?? []
  }

  private mutating func listened(_ session: LegacySession, after last: String?) -> (HTTPDecision, [Effect]) {
    var position = EventID(stream: 0, sequence: session.replay.newest(stream: 0))
    if let last {
      guard let id = EventID(last), session.replay.events(after: id) != nil else {
        let error = RPCError(.invalidRequest, "Last-Event-ID names nothing that can be resumed; repeat the request")
        return (.respond(.refusal(400, error)), [])
      }
      position = id
    }
    let listener = sessions.update(session.id) { $0.listened(to: position.stream) }
    let effects = listener?.replaced?.wake.map { [Effect.wake($0)] } ?? []
    return (.listen(ListenStream(session: session.id, token: listener?.token ?? 0, position: position)), effects)
  }

  private func answer(to request: RPCRequest, _ dispatch: Dispatch) -> MCPHTTPAnswer {
    .reply(reply(to: request, dispatch), isModern: false)
  }

  private func reply(to request: RPCRequest, _ dispatch: Dispatch) -> RPCReply {
    switch dispatch {
    case .result(let result), .initialize(_, let result): RPCReply(id: request.id, .success(result))
    case .failure(let error): RPCReply(id: request.id, .failure(error))
    case .setLogLevel: RPCReply(id: request.id, .success([:]))
    case .call: RPCReply(id: request.id, .failure(RPCError(.internalError, "The call was not started")))
    }
  }

  private func refuse(_ status: Int, _ error: RPCError, _ request: LegacyRequest) -> (HTTPDecision, [Effect]) {
    var id: MessageID?
    if case .message(.request(let request)) = request.content { id = request.id }
    return (.respond(.refusal(status, error, id: id)), [])
  }
}

extension LegacyRequest {
  var isInitialize: Bool {
    if case .message(.request(let request)) = content { request.method == "initialize" } else { false }
  }
}
