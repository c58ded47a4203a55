import NIOCore

/// Cuts the bytes of a stream into messages. Pure.
///
/// Source: grpc/doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message.
struct MessageDeframer {
  /// A message longer than this is an error as soon as its prefix is there.
  let maxMessageBytes: Int
  /// What is not yet a whole message, and what was not asked for yet.
  private var pending = ByteBuffer()

  init(maxMessageBytes: Int) {
    self.maxMessageBytes = maxMessageBytes
  }

  /// Bytes that were appended and are in no message yet that `next` gave.
  var pendingBytes: Int { pending.readableBytes }

  mutating func append(_ data: ByteBuffer) {
    if pending.readableBytes == 0 {
      pending = data
    } else {
      pending.writeImmutableBuffer(data)
    }
  }

  /// The next whole message, without its prefix; nil until more bytes come.
  ///
  /// - Throws: `unimplemented` for a compressed message, `resourceExhausted` for one that is too long. Nothing can be read
  ///   after that.
  mutating func next() throws(RPCError) -> ByteBuffer? {
    let start = pending.readerIndex
    guard let flag = pending.getInteger(at: start, as: UInt8.self) else { return nil }
    guard flag == 0 else {
      throw RPCError(
        .unimplemented,
        flag == 1 ? "the message is compressed; only identity is spoken here" : "a message begins with the byte \(flag)"
      )
    }
    guard let length = pending.getInteger(at: start + 1, as: UInt32.self) else { return nil }
    guard length <= maxMessageBytes else {
      throw RPCError(.resourceExhausted, "a message of \(length) bytes; at most \(maxMessageBytes) are taken")
    }
    let whole = FramedMessage.prefixBytes + Int(length)
    guard pending.readableBytes >= whole else {
      // One allocation for the whole message, not one for each doubling on the way to it.
      if pending.readableBytes + pending.writableBytes < whole {
        pending.reserveCapacity(minimumWritableBytes: whole - pending.readableBytes)
      }
      return nil
    }
    pending.moveReaderIndex(forwardBy: FramedMessage.prefixBytes)
    return pending.readSlice(length: Int(length))
  }
}
