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

  mutating func receive(_ bytes: ByteBuffer) {
    if received.readableBytes == 0 {
      received = bytes
    } else {
      received.writeImmutableBuffer(bytes)
    }
  }

  /// The next whole answer; nil when more bytes are needed.
  mutating func next() throws(SFTPViolation) -> Answer? {
    guard let length = received.getInteger(at: received.readerIndex, as: UInt32.self) else { return nil }
    guard length <= SFTPReply.packetLimit else { throw .tooLong }
    guard length >= 5 else { throw .malformed }
    guard received.readableBytes >= 4 + Int(length) else { return nil }
    received.moveReaderIndex(forwardBy: 4)
    guard var packet = received.readSlice(length: Int(length)), let type = packet.readInteger(as: UInt8.self),
      let number = packet.readInteger(as: UInt32.self)
    else { throw .malformed }
    if received.readableBytes == 0 { received = ByteBuffer() }
    guard hasVersion else {
      guard type == 2 else { throw .unexpected(type) }
      guard number >= 3 else { throw .version(number) }
      hasVersion = true
      return Answer(id: nil, reply: nil)
    }
    guard outstanding.remove(number) != nil else { throw .unknownRequest }
    return Answer(id: number, reply: try SFTPReply(type: type, body: packet))
  }
}
