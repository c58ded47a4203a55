package import HTTP2
package import NIOCore

/// Sendable: its queue is confined to the connection's event loop. Calls methods over one connection, and ends with it: who wants
/// to reconnect makes another.
///
/// When the server allows no more streams, calls wait for one in the order of their coming, bounded by `maxWaitingCalls` and by
/// their deadlines.
package final class RPCClient: Sendable {
  package let connection: HTTP2Connection
  private let authority: String
  private let scheme: String
  private let settings: RPCSettings
  private let waiting: NIOLoopBoundBox<Waiting>

  private struct Waiting {
    var queue: CallQueue<ClientCall>
    /// Opening a stream may end the connection, which asks for the same again.
    var isDraining = false
  }

  /// - Parameter authority: `host:port`, as the server knows itself.
  package init(
    connection: HTTP2Connection, authority: String, isSecure: Bool, settings: RPCSettings = RPCSettings()
  ) {
    self.connection = connection
    self.authority = authority
    scheme = isSecure ? "https" : "http"
    self.settings = settings
    waiting = .makeBoxSendingValue(
      Waiting(queue: CallQueue(limit: settings.maxWaitingCalls)), eventLoop: connection.eventLoop)
    // Calls that wait for a stream learn that none will come, or that the peer allows more than it did.
    connection.unusable.whenSuccess { [weak self] _ in self?.drain() }
    connection.whenSettingsChange { [weak self] in self?.drain() }
  }

  /// One message there, one back.
  ///
  /// - Parameter path: `/package.Service/Method`.
  package func unary(
    _ path: String, _ message: FramedMessage, metadata: RPCMetadata = RPCMetadata(), deadline: ContinuousClock.Instant
  ) async throws(RPCError) -> RPCReply {
    let call = try makeCall(.single, path, metadata, deadline, first: message)
    let delivery = await withTaskCancellationHandler {
      call.load(message)
      start(call)
      return await call.delivery()
    } onCancel: {
      call.cancel()
    }
    return try reply(delivery)
  }

  /// One message there, any number back, each given to `receive`. While that is suspended the server is held back. What it
  /// throws cancels the call and is thrown on.
  ///
  /// - Returns: The trailers.
  /// - Throws: RPCError, and what `receive` does.
  package func serverStream(
    _ path: String, _ message: FramedMessage, metadata: RPCMetadata = RPCMetadata(), deadline: ContinuousClock.Instant,
    receive: @Sendable (ByteBuffer) async throws -> Void
  ) async throws -> RPCMetadata {
    let call = try makeCall(.stream, path, metadata, deadline, first: message)
    return try await withTaskCancellationHandler {
      call.load(message)
      start(call)
      while true {
        switch await call.delivery() {
        case .message(let message):
          do {
            try await receive(message)
          } catch {
            call.cancel()
            throw error
          }
        case .end(let trailers): return trailers
        case .failure(let error): throw error
        case .reply: preconditionFailure("a stream has no reply")
        }
      }
    } onCancel: {
      call.cancel()
    }
  }

  /// Any number of messages there, given to `RequestWriter` by `send`; one back. When the server answers early the writer refuses
  /// what is left. What `send` throws of its own cancels the call and is thrown on.
  ///
  /// - Throws: RPCError, and what `send` does.
  package func clientStream(
    _ path: String, metadata: RPCMetadata = RPCMetadata(), deadline: ContinuousClock.Instant,
    send: @Sendable (RequestWriter) async throws -> Void
  ) async throws -> RPCReply {
    let call = try makeCall(.single, path, metadata, deadline, first: nil)
    return try await withTaskCancellationHandler {
      start(call)
      do {
        try await send(RequestWriter(call: call, maxMessageBytes: settings.maxMessageBytes))
        call.finishSending()
      } catch is RequestWriter.CallIsOver {
        // The reply says what became of it.
      } catch {
        call.cancel()
        throw error
      }
      return try reply(await call.delivery())
    } onCancel: {
      call.cancel()
    }
  }

  private func makeCall(
    _ shape: ClientCall.Shape, _ path: String, _ metadata: RPCMetadata, _ deadline: ContinuousClock.Instant,
    first: FramedMessage?
  ) throws(RPCError) -> ClientCall {
    if let first { try first.check(limit: settings.maxMessageBytes) }
    return ClientCall(
      shape: shape, head: RequestHead(path: path, authority: authority, metadata: metadata), deadline: deadline,
      settings: settings, eventLoop: connection.eventLoop, onClose: { self.drain() })
  }

  private func reply(_ delivery: ClientCall.Delivery) throws(RPCError) -> RPCReply {
    switch delivery {
    case .reply(let reply): return reply
    case .failure(let error): throw error
    case .message, .end: preconditionFailure("a single answer is a reply or a failure")
    }
  }

  private func start(_ call: ClientCall) {
    connection.eventLoop.execute { self.begin(call) }
  }

  // On the event loop.
  private func begin(_ call: ClientCall) {
    call.begin()
    if waiting.value.queue.isEmpty, open(call) { return }
    if waiting.value.queue.append(call, isWaiting: \.wantsStream) { return }
    call.fail(
      RPCError(.resourceExhausted, "\(settings.maxWaitingCalls) calls wait for a stream already", mayHaveRun: false))
  }

  // On the event loop. Whose turn it is keeps it until there is a stream.
  private func drain() {
    guard !waiting.value.isDraining else { return }
    waiting.value.isDraining = true
    while let call = waiting.value.queue.first, open(call) { waiting.value.queue.removeFirst() }
    waiting.value.isDraining = false
  }

  /// On the event loop. False when the call has to wait for a stream.
  private func open(_ call: ClientCall) -> Bool {
    switch call.open(on: connection, scheme: scheme) {
    case .opened, .notWanted: true
    case .noStreamFree: false
    }
  }
}
