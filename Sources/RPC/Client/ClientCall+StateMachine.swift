import HTTP2
import NIOCore

/// What a client's call decides: what the answer is, when the waiting caller goes on, what goes back to the peer. Pure; generic
/// over what resumes the caller.
struct ClientCallStateMachine<Waiter> {
  typealias Shape = ClientCall.Shape
  typealias Delivery = ClientCall.Delivery

  /// What the driver does, in this order.
  struct Effects {
    /// Bytes for which the window opens again.
    var consumed = 0
    var reset: HTTP2ErrorCode?
    var resume: (waiter: Waiter, delivery: Delivery)?
  }

  private enum Phase {
    /// No stream yet. Can transition to: awaitingHead, over.
    case waiting
    /// The request goes out. Can transition to: receiving, over.
    case awaitingHead
    /// Messages come in. Can transition to: over.
    case receiving
    /// The result is known; messages before it may wait in the inbox.
    case over(Result<RPCMetadata, RPCError>)
  }

  private let shape: Shape
  private var phase = Phase.waiting
  private var inbox: MessageInbox
  private var waiter: Waiter?
  private var isRequestComplete = false
  private var isStreamOpen = false

  init(shape: Shape, maxMessageBytes: Int) {
    self.shape = shape
    inbox = MessageInbox(maxMessageBytes: maxMessageBytes)
  }

  /// Whether the call still wants a stream.
  var wantsStream: Bool {
    if case .waiting = phase { true } else { false }
  }

  var isOver: Bool {
    if case .over = phase { true } else { false }
  }

  mutating func streamOpened() {
    guard case .waiting = phase else { return }
    phase = .awaitingHead
    isStreamOpen = true
  }

  mutating func requestCompleted() { isRequestComplete = true }

  mutating func headReceived(_ fields: [HTTP2Header], endStream: Bool) -> Effects {
    guard case .awaitingHead = phase else { return Effects() }
    if endStream { return ended(ResponseFields.result(of: fields), byPeer: true) }
    do {
      try ResponseFields.checkHead(fields)
      phase = .receiving
      return Effects()
    } catch {
      return ended(.failure(error), byPeer: false)
    }
  }

  mutating func dataReceived(_ data: ByteBuffer, endStream: Bool) -> Effects {
    guard case .receiving = phase else { return Effects(consumed: data.readableBytes) }
    do {
      let consumed = try inbox.received(data)
      if endStream {
        return ended(.failure(RPCError(.internal, "the answer ended without trailers")), byPeer: true)
      }
      if shape == .single, inbox.count > 1 {
        return ended(.failure(RPCError(.internal, "more than one message came where one answers")), byPeer: false)
      }
      var effects = shape == .stream ? delivered() : Effects()
      effects.consumed += consumed
      return effects
    } catch {
      return ended(.failure(error), byPeer: false)
    }
  }

  mutating func trailersReceived(_ fields: [HTTP2Header]) -> Effects {
    switch phase {
    case .receiving where inbox.incompleteBytes > 0:
      return ended(.failure(RPCError(.internal, "the answer ended inside a message")), byPeer: true)
    case .receiving, .awaitingHead:
      return ended(ResponseFields.result(of: fields), byPeer: true)
    case .waiting, .over:
      return Effects()
    }
  }

  /// The stream is gone, or (before it was opened) will not come.
  mutating func streamClosed(_ error: RPCError?) -> Effects {
    isStreamOpen = false
    return ended(.failure(error ?? RPCError(.unknown, "the stream ended without a status")), byPeer: true)
  }

  mutating func deadlinePassed() -> Effects {
    let message =
      switch phase {
      case .waiting: "the deadline passed before the connection had a free stream"
      case .awaitingHead: "the deadline passed before an answer came"
      case .receiving, .over: "the deadline passed before the answer ended"
      }
    return abandoned(RPCError(.deadlineExceeded, message, mayHaveRun: isStreamOpen))
  }

  mutating func callerCancelled() -> Effects {
    abandoned(RPCError(.cancelled, "the caller gave up", mayHaveRun: isStreamOpen))
  }

  /// The caller wants the next message, or the reply.
  mutating func deliveryAwaited(_ waiter: Waiter) -> Effects {
    self.waiter = waiter
    return delivered()
  }

  /// The same for a caller that can go on at once.
  mutating func takeDelivery() -> (delivery: Delivery, consumed: Int)? {
    if shape == .stream, let item = inbox.take() { return (.message(item.message), item.credit) }
    guard case .over(let result) = phase else { return nil }
    return (final(result), 0)
  }

  /// The result is known. Messages before it are still the caller's.
  private mutating func ended(_ result: Result<RPCMetadata, RPCError>, byPeer: Bool) -> Effects {
    switch phase {
    case .over: return Effects()
    case .waiting, .awaitingHead, .receiving: phase = .over(result)
    }
    var effects = delivered()
    // A server may answer before it has heard everything; what is left of the request is then in vain.
    if isStreamOpen, !(byPeer && isRequestComplete) { effects.reset = .cancel }
    return effects
  }

  /// The caller's side ends it: what has come and was not taken is dropped.
  private mutating func abandoned(_ error: RPCError) -> Effects {
    switch phase {
    case .over:
      // Ended in good order; the caller only has not taken everything. The stream needs nothing.
      inbox.clear()
      phase = .over(.failure(error))
      return delivered()
    case .waiting, .awaitingHead, .receiving:
      inbox.clear()
      return ended(.failure(error), byPeer: false)
    }
  }

  private mutating func delivered() -> Effects {
    guard let waiter, let next = takeDelivery() else { return Effects() }
    self.waiter = nil
    return Effects(consumed: next.consumed, resume: (waiter, next.delivery))
  }

  private mutating func final(_ result: Result<RPCMetadata, RPCError>) -> Delivery {
    switch (shape, result) {
    case (_, .failure(let error)): return .failure(error)
    case (.stream, .success(let trailers)): return .end(trailers)
    case (.single, .success(let trailers)):
      guard inbox.count == 1, let item = inbox.take() else {
        return .failure(RPCError(.internal, "no message came where one answers"))
      }
      return .reply(RPCReply(message: item.message, trailers: trailers))
    }
  }
}

extension ClientCallStateMachine.Effects: Sendable where Waiter: Sendable {}
