import DequeModule
import NIOCore

/// Messages that came and wait to be taken, and the account of the window: each received byte is given back to the sender
/// exactly once. Pure.
///
/// The bytes of a message that is not whole yet are given back as they come, or one longer than the window would never be
/// whole; those of a whole one when it is taken. So at most one window and one message are held.
struct MessageInbox {
  private var deframer: MessageDeframer
  private var messages: Deque<Item> = []
  /// Of the deframer's pending bytes, those that were given back already.
  private var advanced = 0

  struct Item {
    var message: ByteBuffer
    /// Bytes to give back when it is taken.
    var credit: Int
  }

  init(maxMessageBytes: Int) {
    deframer = MessageDeframer(maxMessageBytes: maxMessageBytes)
  }

  var count: Int { messages.count }
  /// Bytes of a message whose end has not come.
  var incompleteBytes: Int { deframer.pendingBytes }

  /// - Returns: Bytes to give back now.
  /// - Throws: What `MessageDeframer.next` does.
  mutating func received(_ data: ByteBuffer) throws(RPCError) -> Int {
    deframer.append(data)
    while let message = try deframer.next() {
      let whole = FramedMessage.prefixBytes + message.readableBytes
      messages.append(Item(message: message, credit: whole - advanced))
      advanced = 0
    }
    defer { advanced = deframer.pendingBytes }
    return deframer.pendingBytes - advanced
  }

  mutating func take() -> Item? { messages.popFirst() }

  /// Forgets everything, as when the call is over: the stream's end gives the bytes back.
  mutating func clear() {
    messages = []
    deframer = MessageDeframer(maxMessageBytes: deframer.maxMessageBytes)
    advanced = 0
  }
}
