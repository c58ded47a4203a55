import DequeModule
import HTTP2
import NIOCore
import Synchronization

/// Sendable: state behind a lock. One call, from the task that waits for it to the stream that carries it.
///
/// The event loop's callbacks and the caller's task meet at the lock: the state machine decides under it, `perform` acts
/// outside. A caller that finds its message there goes on without a visit to the event loop.
final class ClientCall: HTTP2StreamHandler, NIOScheduledCallbackHandler, Sendable {
  typealias Machine = ClientCallStateMachine<CheckedContinuation<Delivery, Never>>

  enum Shape: Sendable {
    /// The answer is one message.
    case single
    case stream
  }

  /// What the caller gets for waiting.
  enum Delivery: Sendable, Hashable {
    /// Of a stream: the next message.
    case message(ByteBuffer)
    /// Of a stream: no more messages.
    case end(RPCMetadata)
    case reply(RPCReply)
    case failure(RPCError)
  }

  /// The connection's.
  let eventLoop: any EventLoop
  let head: RequestHead
  let deadline: ContinuousClock.Instant
  private let settings: RPCSettings
  /// Told, on the event loop, when the call has given its stream back.
  private let onClose: @Sendable () -> Void

  fileprivate struct State {
    var machine: Machine
    var outbox = MessageOutbox<CheckedContinuation<Void, Never>>()
    var nextSender: UInt64 = 0
    var stream: HTTP2Stream?
    var timer = CallTimer<ClientCall>()
    /// Bytes taken by the caller whose window was not opened again yet.
    var unreturned = 0
  }
  private let state: Mutex<State>

  /// Window is given back in portions: a trip to the event loop for each small message would cost more than the message.
  private static let windowPortion = 16 << 10

  init(
    shape: Shape, head: RequestHead, deadline: ContinuousClock.Instant, settings: RPCSettings,
    eventLoop: any EventLoop, onClose: @escaping @Sendable () -> Void
  ) {
    self.eventLoop = eventLoop
    self.head = head
    self.deadline = deadline
    self.settings = settings
    self.onClose = onClose
    state = Mutex(State(machine: Machine(shape: shape, maxMessageBytes: settings.maxMessageBytes)))
  }

  // MARK: The caller's side

  /// The next message, or the result. One task at a time.
  func delivery() async -> Delivery {
    let ready = state.withLock { state -> (Delivery, Int)? in
      guard let taken = state.machine.takeDelivery() else { return nil }
      return (taken.delivery, state.addUnreturned(taken.consumed, portion: Self.windowPortion))
    }
    if let (delivery, consumed) = ready {
      if consumed > 0 { eventLoop.execute { self.giveBack(consumed) } }
      return delivery
    }
    return await withCheckedContinuation { continuation in
      perform(state.withLock { $0.machine.deliveryAwaited(continuation) })
    }
  }

  /// Queues a request that is one message, before the call begins.
  func load(_ message: FramedMessage) {
    state.withLock { _ = $0.outbox.finished(with: message) }
  }

  /// Queues a message of the request; suspends while the peer does not keep up.
  ///
  /// - Throws: CancellationError when the task is cancelled.
  /// - Returns: False when the call is over: its result says why.
  func send(_ message: FramedMessage) async throws(CancellationError) -> Bool {
    switch state.withLock({ $0.outbox.offered(message) }) {
    case .closed: return false
    case .queued(let flush, let wait):
      if flush { eventLoop.execute { self.flush() } }
      if wait { await waitForRoom() }
    }
    if Task.isCancelled { throw CancellationError() }
    return true
  }

  func finishSending() {
    if state.withLock({ $0.outbox.finished() }) { eventLoop.execute { self.flush() } }
  }

  /// From any thread.
  func cancel() {
    perform(state.withLock { $0.machine.callerCancelled() })
    dropQueued()
  }

  /// A call that ended before it had a stream keeps no message, and no sender waits for it.
  private func dropQueued() {
    let senders = state.withLock { state in
      state.stream == nil && state.machine.isOver ? state.outbox.closed() : []
    }
    for sender in senders { sender.resume() }
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

  // MARK: On the event loop

  enum Opening {
    case opened
    /// The peer allows no more streams at present.
    case noStreamFree
    /// The call was over before it began.
    case notWanted
  }

  /// Arms the deadline, whether or not there is a stream for the call yet.
  func begin() {
    state.withLock { state in
      guard !state.machine.isOver else { return }
      state.timer.set(for: deadline, on: eventLoop, self)
    }
  }

  func open(on connection: HTTP2Connection, scheme: String) -> Opening {
    guard state.withLock({ $0.machine.wantsStream }) else { return .notWanted }
    var head = head
    let remaining = ContinuousClock.now.duration(to: deadline)
    head.timeout = remaining - min(settings.replyMargin, remaining / 10)
    do throws(HTTP2Error) {
      let stream = try connection.openStream(head: head.fields(scheme: scheme), endStream: false, handler: self)
      let isWanted = state.withLock { state in
        state.stream = stream
        defer { state.machine.streamOpened() }
        return state.machine.wantsStream
      }
      if isWanted { flush() } else { stream.reset(.cancel) }
      return .opened
    } catch  where error.code == .tooManyStreams {
      return .noStreamFree
    } catch {
      fail(RPCError(error))
      return .notWanted
    }
  }

  /// Whether a stream would be of use: the call waits for one.
  var wantsStream: Bool { state.withLock { $0.machine.wantsStream } }

  /// There will be no stream.
  func fail(_ error: RPCError) {
    over(error)
  }

  func received(head: [HTTP2Header], endStream: Bool) {
    perform(state.withLock { $0.machine.headReceived(head, endStream: endStream) })
    if endStream { dropRest() }
  }

  func received(data: ByteBuffer, endStream: Bool) {
    perform(state.withLock { $0.machine.dataReceived(data, endStream: endStream) })
    if endStream { dropRest() }
  }

  func received(trailers: [HTTP2Header]) {
    perform(state.withLock { $0.machine.trailersReceived(trailers) })
    dropRest()
  }

  /// The server said its last word. What its window has not let out of the request by now is in vain, and would keep the stream
  /// open for ever where the server reads no more of it.
  private func dropRest() {
    guard let stream = state.withLock({ $0.stream }), stream.pendingBytes > 0 else { return }
    stream.reset(.cancel)
  }

  func writable() {
    for sender in state.withLock({ $0.outbox.becameWritable() }) { sender.resume() }
  }

  func closed(_ error: HTTP2Error?) {
    over(error.map { RPCError($0) })
    onClose()
  }

  func handleScheduledCallback(eventLoop: some EventLoop) {
    perform(state.withLock { $0.machine.deadlinePassed() })
    dropQueued()
  }

  private func over(_ error: RPCError?) {
    let (effects, senders) = state.withLock { state in
      state.timer.cancel()
      state.stream = nil
      return (state.machine.streamClosed(error), state.outbox.closed())
    }
    for sender in senders { sender.resume() }
    perform(effects)
  }

  private func flush() {
    // Without a stream the messages stay queued until there is one.
    let work = state.withLock { state in state.stream.map { ($0, state.outbox.flushing()) } }
    guard let (stream, batch) = work else { return }
    for (index, message) in batch.messages.enumerated() {
      stream.send(data: message.bytes, endStream: batch.isLast && index == batch.messages.count - 1)
    }
    if batch.isLast, batch.messages.isEmpty { stream.send(data: ByteBuffer(), endStream: true) }
    let senders = state.withLock { state in
      if batch.isLast { state.machine.requestCompleted() }
      return state.outbox.flushed(isWritable: stream.isWritable)
    }
    for sender in senders { sender.resume() }
  }

  private func giveBack(_ bytes: Int) {
    state.withLock { $0.stream }?.consumed(bytes)
  }

  // MARK: Any thread

  private func perform(_ effects: Machine.Effects) {
    if effects.consumed > 0 || effects.reset != nil {
      if eventLoop.inEventLoop {
        act(consumed: effects.consumed, reset: effects.reset)
      } else {
        eventLoop.execute { self.act(consumed: effects.consumed, reset: effects.reset) }
      }
    }
    if let resume = effects.resume { resume.waiter.resume(returning: resume.delivery) }
  }

  private func act(consumed: Int, reset: HTTP2ErrorCode?) {
    guard let stream = state.withLock({ $0.stream }) else { return }
    if consumed > 0 { stream.consumed(consumed) }
    if let reset { stream.reset(reset) }
  }
}

extension ClientCall.State {
  /// Returns what is to be given back now.
  fileprivate mutating func addUnreturned(_ bytes: Int, portion: Int) -> Int {
    unreturned += bytes
    guard unreturned >= portion else { return 0 }
    defer { unreturned = 0 }
    return unreturned
  }
}
