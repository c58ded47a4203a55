import NIOCore

/// The client's half of one SFTP channel without the channel: requests to bytes, bytes to answers. A value.
///
/// Requests are numbered; answers come in any order and are matched by number.
struct SFTPClient {
  /// An answer, or the server's version when `id` is nil (it comes first, once).
  struct Answer: Equatable {
    var id: UInt32?
    var reply: SFTPReply?
  }

  private var received = ByteBuffer()
  /// The beginning of a packet that did not come in one piece: only such packets are copied.
  private var partial = ByteBuffer()
  private var lastID: UInt32 = 0
  private var outstanding: Set<UInt32> = []
  private var hasVersion = false
  /// Bytes for the server.
  private(set) var outbound = SFTPRequest.greeting

  /// Requests that wait for an answer.
  var outstandingCount: Int { outstanding.count }

  mutating func request(_ request: SFTPRequest) -> UInt32 {
    repeat { lastID &+= 1 } while outstanding.contains(lastID)
    outstanding.insert(lastID)
    request.encode(id: lastID, into: &outbound)
    return lastID
  }

  mutating func takeOutbound() -> ByteBuffer? {
    guard outbound.readableBytes > 0 else { return nil }
    defer { outbound = ByteBuffer() }
    return outbound
  }

  /// Takes bytes; call `next` until it gives nil before the following call.
  mutating func receive(_ bytes: ByteBuffer) {
    if received.readableBytes == 0 {
      received = bytes
    } else {
      received.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole answer; nil when more bytes are needed.
  mutating func next() throws(SFTPViolation) -> Answer? {
    guard var packet = try nextPacket() else { return nil }
    guard let type = packet.readInteger(as: UInt8.self), let number = packet.readInteger(as: UInt32.self) else {
      throw .malformed
    }
    guard hasVersion else {
      guard type == 2 else { throw .unexpected(type) }
      guard number >= 3 else { throw .version(number) }
      hasVersion = true
      return Answer(id: nil, reply: nil)
    }
    guard outstanding.remove(number) != nil else { throw .unknownRequest }
    return Answer(id: number, reply: try SFTPReply(type: type, body: packet))
  }

  /// A packet without its length.
  private mutating func nextPacket() throws(SFTPViolation) -> ByteBuffer? {
    if partial.readableBytes == 0, let length = try Self.length(of: received) {
      if received.readableBytes >= 4 + length {
        received.moveReaderIndex(forwardBy: 4)
        let packet = received.readSlice(length: length)
        if received.readableBytes == 0 { received = ByteBuffer() }
        return packet
      }
      partial.reserveCapacity(4 + length)
    }
    if partial.readableBytes < 4 { move(upTo: 4) }
    guard let length = try Self.length(of: partial) else { return nil }
    move(upTo: 4 + length)
    guard partial.readableBytes == 4 + length else { return nil }
    defer { partial = ByteBuffer() }
    return partial.getSlice(at: partial.readerIndex + 4, length: length)
  }

  private static func length(of buffer: ByteBuffer) throws(SFTPViolation) -> Int? {
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
    guard length <= SFTPReply.packetLimit else { throw .tooLong }
    guard length >= 5 else { throw .malformed }
    return Int(length)
  }

  /// Fills the beginning of a packet up to `count` bytes from what was received.
  private mutating func move(upTo count: Int) {
    let missing = min(count - partial.readableBytes, received.readableBytes)
    if missing > 0, let bytes = received.readSlice(length: missing) { partial.writeImmutableBuffer(bytes) }
    if received.readableBytes == 0 { received = ByteBuffer() }
  }
}
