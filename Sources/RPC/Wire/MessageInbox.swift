import DequeModule
import NIOCore

/// Messages that came and wait to be taken, and the account of the window: each received byte is given back to the sender
/// exactly once. Pure.
///
/// The bytes of a whole message are given back when it is taken. Those of an unfinished one are given back as they come, or one
/// longer than the window would never be whole, but only while no whole one waits. So at most one window and one message are
/// held.
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
    return messages.isEmpty ? advance() : 0
  }

  mutating func take() -> Item? {
    guard var item = messages.popFirst() else { return nil }
    if messages.isEmpty { item.credit += advance() }
    return item
  }

  /// Gives the unfinished message's bytes back, which were not yet.
  private mutating func advance() -> Int {
    defer { advanced = deframer.pendingBytes }
    return deframer.pendingBytes - advanced
  }

  /// Forgets everything, as when the call is over: the stream's end gives the bytes back.
  mutating func clear() {
    messages = []
    deframer = MessageDeframer(maxMessageBytes: deframer.maxMessageBytes)
    advanced = 0
  }
}
