import DequeModule
import HTTP2
import Logging
import NIOCore
import Synchronization

/// Sendable: state behind a lock. One call on the server, from its stream to the task that runs its handler.
final class ServerCall: HTTP2StreamHandler, NIOScheduledCallbackHandler, Sendable {
  typealias Machine = ServerCallStateMachine<CheckedContinuation<Delivery, Never>, CheckedContinuation<Void, Never>>

  fileprivate typealias Outbox = MessageOutbox<CheckedContinuation<Void, Never>>

  /// What a handler gets for waiting for a message.
  enum Delivery: Sendable, Hashable {
    case message(ByteBuffer)
    /// There are no more.
    case end
    /// The client has gone, or the deadline passed.
    case over
    case broken(RPCError)
  }

  /// How a call ends well: perhaps a last message, and the trailers.
  struct Answer: Sendable, Hashable {
    var message: FramedMessage?
    var trailers: RPCMetadata
  }

  let handler: RPCHandler
  let context: RPCContext
  private let stream: HTTP2Stream
  private let settings: RPCSettings
  /// Has a task made that calls `run`.
  private let start: @Sendable (ServerCall) -> Void

  fileprivate struct State {
    var machine: Machine
    var outbox = Outbox()
    var nextSender: UInt64 = 0
    var timer = CallTimer<ServerCall>()
    var result: Result<Answer, RPCError>?
    var isHeadSent = false
    /// The last word was said: the timer is the client's from then on. When it is due, and what waited for the client's window when it
    /// was set.
    var lastWord: (due: ContinuousClock.Instant, pending: Int)?
    var isClosed = false
  }
  private let state: Mutex<State>

  init(
    handler: RPCHandler, context: RPCContext, stream: HTTP2Stream, settings: RPCSettings,
    start: @escaping @Sendable (ServerCall) -> Void
  ) {
    self.handler = handler
    self.context = context
    self.stream = stream
    self.settings = settings
    self.start = start
    state = Mutex(
      State(machine: Machine(readsItself: handler.readsItself, maxMessageBytes: settings.maxMessageBytes)))
  }

  /// The connection's.
  var eventLoop: any EventLoop { stream.eventLoop }

  // MARK: On the event loop

  /// The head was read; `endStream` when nothing follows it.
  func begin(endStream: Bool) {
    if let deadline = context.deadline {
      state.withLock { $0.timer.set(for: deadline, on: stream.eventLoop, self) }
    }
    if handler.readsItself { start(self) }
    if endStream { perform(state.withLock { $0.machine.requestEnded() }) }
  }

  func received(head: [HTTP2Header], endStream: Bool) {}

  func received(data: ByteBuffer, endStream: Bool) {
    perform(state.withLock { $0.machine.dataReceived(data, endStream: endStream) })
  }

  func received(trailers: [HTTP2Header]) {
    perform(state.withLock { $0.machine.requestEnded() })
  }

  func writable() {
    for sender in state.withLock({ $0.outbox.becameWritable() }) { sender.resume() }
  }

  func closed(_ error: HTTP2Error?) {
    // Before the handler is cancelled, which may ask.
    if error?.scope == .connection { context.fate.linkLost() }
    let (effects, senders) = state.withLock { state in
      state.timer.cancel()
      state.isClosed = true
      return (state.machine.streamClosed(), state.outbox.closed())
    }
    for sender in senders { sender.resume() }
    perform(effects)
  }

  func handleScheduledCallback(eventLoop: some EventLoop) {
    guard state.withLock({ $0.lastWord }) != nil else {
      return perform(state.withLock { $0.machine.deadlinePassed() })
    }
    watchLastWord()
  }

  /// Resets the stream where the client has taken nothing for as long as it may: it keeps its window shut, or half of its request back.
  private func watchLastWord() {
    let pending = stream.pendingBytes
    let isOverdue = state.withLock { state in
      // The deadline's own callback may still be on its way when the last word is said.
      guard let last = state.lastWord, last.due <= .now else { return false }
      if pending < last.pending { arm(&state, pending: pending) }
      return pending >= last.pending
    }
    if isOverdue { stream.reset(.internalError) }
  }

  private func arm(_ state: inout State, pending: Int) {
    let due = ContinuousClock.now + settings.lastWordTimeout
    state.lastWord = (due, pending)
    state.timer.set(for: due, on: stream.eventLoop, self)
  }

  private func flush() {
    let work = state.withLock { state -> (Outbox.Batch, Result<Answer, RPCError>?, Bool)? in
      // It was on its way when the stream went.
      guard !state.isClosed else { return nil }
      let batch = state.outbox.flushing()
      // A failure before any message is one head and nothing else.
      let sendsHead = !state.isHeadSent && !(batch.messages.isEmpty && state.hasFailed)
      state.isHeadSent = state.isHeadSent || sendsHead
      return (batch, batch.isLast ? state.result : nil, sendsHead)
    }
    guard let (batch, result, sendsHead) = work else { return }
    if sendsHead { stream.send(head: ResponseFields.head, endStream: false) }
    for message in batch.messages { stream.send(data: message.bytes, endStream: false) }
    if let result { finish(result) }
    let senders = state.withLock { $0.outbox.flushed(isWritable: stream.isWritable) }
    for sender in senders { sender.resume() }
  }

  /// The last word. A client that still sends sees it and resets the stream: a reset from here would drop it.
  private func finish(_ result: Result<Answer, RPCError>) {
    switch result {
    case .success(let answer): stream.send(trailers: ResponseFields.trailers(answer.trailers))
    case .failure(let error) where state.withLock { $0.isHeadSent }:
      stream.send(trailers: ResponseFields.trailers(error))
    case .failure(let error): stream.send(head: ResponseFields.trailersOnly(error), endStream: true)
    }
    let pending = stream.pendingBytes
    state.withLock { arm(&$0, pending: pending) }
  }

  // MARK: The handler's task

  /// Runs the handler, in the task of the caller's group, and says its answer. Returns when the handler has ended.
  func run(_ logger: Logger) async {
    guard state.withLock({ $0.machine.handlerStarted() }) else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.handle(logger) }
      await withCheckedContinuation { watcher in
        state.withLock { $0.machine.watched(by: watcher) }?.resume()
      }
      group.cancelAll()
    }
  }

  private func handle(_ logger: Logger) async {
    let result: Result<Answer, RPCError>
    do {
      result = .success(try await answer())
    } catch let error as RPCError {
      result = .failure(error)
    } catch is CancellationError {
      result = .failure(RPCError(.cancelled, "the call was cancelled"))
    } catch {
      logger.error("A call's handler failed", metadata: ["method": "\(context.path)", "error": "\(error)"])
      result = .failure(RPCError(.unknown, "the handler failed"))
    }
    perform(state.withLock { $0.machine.handlerFinished(result) })
  }

  private func answer() async throws -> Answer {
    let answer: RPCAnswer
    switch handler {
    case .unary(let body):
      answer = try await body(takeRequest(), context)
    case .clientStream(let body):
      answer = try await body(RequestReader(call: self), context)
    case .serverStream(let body):
      return Answer(trailers: try await body(takeRequest(), context, ReplyWriter(call: self)))
    }
    try answer.message.check(limit: settings.maxMessageBytes)
    return Answer(message: answer.message, trailers: answer.trailers)
  }

  private func takeRequest() throws(CancellationError) -> ByteBuffer {
    guard let message = state.withLock({ $0.machine.takeRequest() }) else { throw CancellationError() }
    return message
  }

  func send(_ message: FramedMessage) async throws {
    try message.check(limit: settings.maxMessageBytes)
    let offer = state.withLock { state in
      state.machine.isOver ? .closed : state.outbox.offered(message)
    }
    switch offer {
    case .closed: throw CancellationError()
    case .queued(let flush, let wait):
      if flush { stream.eventLoop.execute { self.flush() } }
      if wait { await waitForRoom() }
    }
    try Task.checkCancellation()
  }

  private func waitForRoom() async {
    let id = state.withLock { state in
      state.nextSender += 1
      return state.nextSender
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        // A task that is cancelled by now has had its handler called, to no effect.
        let waits = !Task.isCancelled && state.withLock { $0.outbox.senderWaits(id, continuation) }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.outbox.senderCancelled(id) }?.resume()
    }
  }

  func nextMessage() async throws -> ByteBuffer? {
    let delivery = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        perform(state.withLock { $0.machine.messageAwaited(continuation) })
        if Task.isCancelled { perform(state.withLock { $0.machine.readerCancelled() }) }
      }
    } onCancel: {
      perform(state.withLock { $0.machine.readerCancelled() })
    }
    switch delivery {
    case .message(let message): return message
    case .end: return nil
    case .over: throw CancellationError()
    case .broken(let error): throw error
    }
  }

  // MARK: Any thread

  private func perform(_ effects: Machine.Effects) {
    if effects.consumed > 0 {
      onEventLoop { $0.stream.consumed(effects.consumed) }
    }
    if effects.startsHandler { start(self) }
    if let result = effects.finish { finishLater(result) }
    if effects.rearmsDeadline {
      let instant = ContinuousClock.now + settings.deadlineGrace
      onEventLoop { call in call.rearm(at: instant) }
    }
    if let reader = effects.reader { reader.waiter.resume(returning: reader.delivery) }
    effects.watcher?.resume()
  }

  private func rearm(at instant: ContinuousClock.Instant) {
    state.withLock { if $0.lastWord == nil, !$0.isClosed { $0.timer.set(for: instant, on: stream.eventLoop, self) } }
  }

  private func finishLater(_ result: Result<Answer, RPCError>) {
    let flush = state.withLock { state in
      state.result = result
      return state.outbox.finished(with: try? result.get().message)
    }
    if flush { onEventLoop { $0.flush() } }
  }

  private func onEventLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
    if stream.eventLoop.inEventLoop { body(self) } else { stream.eventLoop.execute { body(self) } }
  }
}

extension ServerCall.State {
  fileprivate var hasFailed: Bool {
    if case .failure = result { true } else { false }
  }
}
