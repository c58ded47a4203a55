import DequeModule
import NIOCore

/// Messages on their way to the event loop, and the senders that have to wait. Pure; generic over what resumes a sender.
///
/// A sender goes on while less than `limit` bytes are queued here and the stream takes more; so at most `limit`, one
/// message, and the stream's own high watermark are held.
struct MessageOutbox<Waiter> {
  /// What was queued, in order, and what ends it.
  struct Batch {
    var messages: Deque<FramedMessage>
    var isLast: Bool
  }

  enum Offer: Equatable {
    /// Queued. `flush`: nobody is on the way to the event loop yet. `wait`: the sender waits (`senderWaits`).
    case queued(flush: Bool, wait: Bool)
    /// Nothing goes out any more.
    case closed
  }

  private let limit: Int
  private var messages: Deque<FramedMessage> = []
  private var queuedBytes = 0
  private var waiters: Deque<(id: UInt64, waiter: Waiter)> = []
  private var isStreamFull = false
  private var isFlushing = false
  private var isFinished = false
  private var isClosed = false

  init(limit: Int = 256 << 10) {
    self.limit = limit
  }

  private var isFull: Bool { isStreamFull || queuedBytes >= limit }

  mutating func offered(_ message: FramedMessage) -> Offer {
    guard !isClosed, !isFinished else { return .closed }
    messages.append(message)
    queuedBytes += message.bytes.readableBytes
    return .queued(flush: flushNeeded(), wait: isFull)
  }

  /// Nothing more will be offered after `last`. Returns whether somebody has to go to the event loop.
  mutating func finished(with last: FramedMessage? = nil) -> Bool {
    guard !isClosed, !isFinished else { return false }
    if let last { messages.append(last) }
    isFinished = true
    return flushNeeded()
  }

  /// A sender that was told to wait. Returns false when it need not any more.
  mutating func senderWaits(_ id: UInt64, _ waiter: Waiter) -> Bool {
    guard !isClosed, isFull else { return false }
    waiters.append((id, waiter))
    return true
  }

  mutating func senderCancelled(_ id: UInt64) -> Waiter? {
    guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
    return waiters.remove(at: index).waiter
  }

  /// On the event loop: what to hand to the stream now.
  mutating func flushing() -> Batch {
    isFlushing = false
    let batch = Batch(messages: messages, isLast: isFinished)
    messages = []
    queuedBytes = 0
    return batch
  }

  /// The batch was handed over. Returns the senders that go on.
  mutating func flushed(isWritable: Bool) -> [Waiter] {
    isStreamFull = !isWritable
    return isFull ? [] : released()
  }

  mutating func becameWritable() -> [Waiter] { flushed(isWritable: true) }

  /// The stream is gone. Returns the senders, who find that out.
  mutating func closed() -> [Waiter] {
    isClosed = true
    messages = []
    queuedBytes = 0
    return released()
  }

  private mutating func flushNeeded() -> Bool {
    defer { isFlushing = true }
    return !isFlushing
  }

  private mutating func released() -> [Waiter] {
    guard !waiters.isEmpty else { return [] }
    defer { waiters = [] }
    return waiters.map(\.waiter)
  }
}
