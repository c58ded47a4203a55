import HTTP2
import NIOCore

/// What a server's call decides: when its handler starts, what it reads, when it has to stop, and how the call ends. Pure; generic
/// over what resumes the handler's reading (`Reader`) and over what resumes the task that watches the handler (`Watcher`).
struct ServerCallStateMachine<Reader, Watcher> {
  typealias Delivery = ServerCall.Delivery
  typealias Answer = ServerCall.Answer

  /// What the driver does, in this order.
  struct Effects {
    /// Bytes for which the window opens again.
    var consumed = 0
    /// The handler's task is to be made.
    var startsHandler = false
    /// The call ends with this, sent after what the handler wrote.
    var finish: Result<Answer, RPCError>?
    /// The deadline is looked at again after the grace.
    var rearmsDeadline = false
    var reader: (waiter: Reader, delivery: Delivery)?
    /// The handler has to stop, or has stopped.
    var watcher: Watcher?
  }

  private enum Phase {
    /// The request comes in. Can transition to: ready, over.
    case collecting
    /// The request is there (or the handler reads it itself) and no task has taken it up. Can transition to: running, over.
    case ready
    /// Can transition to: stopping, over.
    case running
    /// The deadline passed; the handler may still say something of its own. Can transition to: over.
    case stopping
    /// The last word was said, or the client has gone.
    case over
  }

  private let readsItself: Bool
  private var phase: Phase
  private var inbox: MessageInbox
  private var isRequestComplete = false
  private var request: ByteBuffer?
  private var requestFailure: RPCError?
  private var reader: Reader?
  private var watcher: Watcher?

  init(readsItself: Bool, maxMessageBytes: Int) {
    self.readsItself = readsItself
    phase = readsItself ? .ready : .collecting
    inbox = MessageInbox(maxMessageBytes: maxMessageBytes)
  }

  /// Nothing of the handler's is of use to anybody.
  var isOver: Bool {
    if case .over = phase { true } else { false }
  }

  mutating func dataReceived(_ data: ByteBuffer, endStream: Bool) -> Effects {
    // What comes after the end is not given back to the window: that stops a client that goes on sending.
    guard !isOver, requestFailure == nil else { return Effects() }
    var effects = Effects()
    do throws(RPCError) {
      effects.consumed = try inbox.received(data)
      guard readsItself || inbox.count <= 1 else {
        throw RPCError(.internal, "more than one message came where one is expected")
      }
    } catch {
      return requestBroken(error)
    }
    if endStream {
      merge(requestEnded(), into: &effects)
    } else if readsItself {
      merge(delivered(), into: &effects)
    }
    return effects
  }

  /// The client said its last word.
  mutating func requestEnded() -> Effects {
    guard !isOver, requestFailure == nil, !isRequestComplete else { return Effects() }
    isRequestComplete = true
    guard inbox.incompleteBytes == 0 else {
      return requestBroken(RPCError(.internal, "the request ended inside a message", mayHaveRun: false))
    }
    if readsItself { return delivered() }
    guard let item = inbox.take() else {
      return requestBroken(RPCError(.internal, "no message came where one is expected", mayHaveRun: false))
    }
    request = item.message
    phase = .ready
    return Effects(consumed: item.credit, startsHandler: true)
  }

  mutating func streamClosed() -> Effects {
    phase = .over
    inbox.clear()
    return stopped()
  }

  /// The deadline, and once more after the grace.
  mutating func deadlinePassed() -> Effects {
    switch phase {
    case .collecting, .ready, .stopping:
      return finished(.failure(RPCError(.deadlineExceeded, "the deadline passed before there was an answer")))
    case .running:
      phase = .stopping
      var effects = stopped()
      effects.rearmsDeadline = true
      return effects
    case .over:
      return Effects()
    }
  }

  /// A task took the call up. Returns whether it is still wanted.
  mutating func handlerStarted() -> Bool {
    guard case .ready = phase else { return false }
    phase = .running
    return true
  }

  /// The whole request of a handler that does not read itself. Once.
  mutating func takeRequest() -> ByteBuffer? {
    defer { request = nil }
    return request
  }

  /// The handler returned or threw.
  mutating func handlerFinished(_ result: Result<Answer, RPCError>) -> Effects {
    switch phase {
    case .over:
      return stopped()
    case .stopping:
      // It was told to stop for the deadline: what it says of that is better than what could be said here.
      if case .failure(let error) = result, error.code == .cancelled {
        return finished(.failure(RPCError(.deadlineExceeded, "the deadline passed", metadata: error.metadata)))
      }
      return finished(result)
    case .running, .ready, .collecting:
      return finished(result)
    }
  }

  /// The handler wants the next message.
  mutating func messageAwaited(_ reader: Reader) -> Effects {
    self.reader = reader
    return delivered()
  }

  mutating func readerCancelled() -> Effects {
    guard let reader else { return Effects() }
    self.reader = nil
    return Effects(reader: (reader, .over))
  }

  /// Resumed when the handler has to stop or has stopped. Returns it where that is so already.
  mutating func watched(by watcher: Watcher) -> Watcher? {
    switch phase {
    case .over, .stopping: return watcher
    case .collecting, .ready, .running:
      self.watcher = watcher
      return nil
    }
  }

  private mutating func requestBroken(_ error: RPCError) -> Effects {
    requestFailure = error
    switch phase {
    case .collecting:
      var error = error
      error.mayHaveRun = false
      return finished(.failure(error))
    case .ready, .running, .stopping:
      return delivered()
    case .over:
      return Effects()
    }
  }

  private mutating func finished(_ result: Result<Answer, RPCError>) -> Effects {
    phase = .over
    inbox.clear()
    var effects = stopped()
    effects.finish = result
    return effects
  }

  /// Nobody waits any longer.
  private mutating func stopped() -> Effects {
    var effects = Effects()
    if let reader { effects.reader = (reader, .over) }
    effects.watcher = watcher
    reader = nil
    watcher = nil
    return effects
  }

  private mutating func delivered() -> Effects {
    guard let reader, let next = nextDelivery() else { return Effects() }
    self.reader = nil
    return Effects(consumed: next.consumed, reader: (reader, next.delivery))
  }

  private mutating func nextDelivery() -> (delivery: Delivery, consumed: Int)? {
    switch phase {
    case .over, .stopping: return (.over, 0)
    case .collecting, .ready, .running: break
    }
    if let item = inbox.take() { return (.message(item.message), item.credit) }
    if let requestFailure { return (.broken(requestFailure), 0) }
    return isRequestComplete ? (.end, 0) : nil
  }

  private func merge(_ later: Effects, into effects: inout Effects) {
    effects.consumed += later.consumed
    effects.startsHandler = later.startsHandler
    effects.finish = later.finish
    effects.reader = later.reader
    effects.watcher = later.watcher
  }
}

extension ServerCallStateMachine.Effects: Sendable where Reader: Sendable, Watcher: Sendable {}
