import HTTP2
import NIOCore
import NIOPosix
import Testing

/// A link that is slow and well: its PING comes behind what this side sends.
@Suite(.timeLimit(.minutes(1))) struct SlowLinkTests {
  @Test func aLinkFullOfOwnDataIsNotTakenForDead() async throws {
    let answered = loops.next().makePromise(of: Bool.self)
    let bound = answered.futureResult.eventLoop.scheduleTask(in: .seconds(50)) { answered.succeed(false) }
    defer { bound.cancel() }
    let listener = try await SlowPeer.listen(answered)
    var settings = HTTP2Settings()
    settings.pingAfter = .milliseconds(100)
    // What waits in this process alone takes the peer longer, and so would what the kernel took without a bound.
    settings.pingTimeout = .seconds(1)
    let connection = try await HTTP2Connection.connect(
      host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: nil, settings: settings, on: loops.next(),
      timeout: .seconds(20), logger: quiet)
    connection.eventLoop.execute {
      let upload = Upload()
      upload.stream = try? connection.openStream(
        head: HTTP2Connection.head("/upload"), endStream: false, handler: upload)
      upload.writable()
    }
    #expect(try await answered.futureResult.get(), "the link was given up")
    await connection.close()
    try await listener.close()
  }
}

/// Confined to its event loop: sends without end.
private final class Upload: HTTP2StreamHandler {
  var stream: HTTP2Stream?

  func writable() {
    guard let stream else { return }
    while stream.isWritable { stream.send(data: ByteBuffer(repeating: 7, count: 64 << 10), endStream: false) }
  }

  func received(head: [HTTP2Header], endStream: Bool) {}
  func received(data: ByteBuffer, endStream: Bool) {}
  func received(trailers: [HTTP2Header]) {}
  func closed(_ error: HTTP2Error?) { stream = nil }
}

/// Confined to its event loop: an HTTP/2 server with open windows that reads a third of a megabyte a second through a small socket buffer, and
/// answers nothing but SETTINGS and PING.
private final class SlowPeer: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let piece = 16 << 10
  private static let pause = TimeAmount.milliseconds(48)
  /// Each is asked for after the answer to the one before, so the second shows that one came in time.
  private static let enough = 2

  /// Whether `enough` PINGs came before the connection ended.
  private let answered: EventLoopPromise<Bool>
  private var input = ByteBuffer()
  private var isPreambleRead = false
  private var pings = 0

  private init(_ answered: EventLoopPromise<Bool>) { self.answered = answered }

  static func listen(_ answered: EventLoopPromise<Bool>) async throws -> any Channel {
    try await ServerBootstrap(group: loops)
      .serverChannelOption(.socketOption(.so_rcvbuf), value: 16 << 10)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: piece))
      .childChannelOption(.maxMessagesPerRead, value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(SlowPeer(answered)) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  func channelActive(context: ChannelHandlerContext) {
    // SETTINGS with INITIAL_WINDOW_SIZE 2^31-1, and as much for the connection (RFC 9113, sections 6.5 and 6.9).
    let hello: [UInt8] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]
    let window: [UInt8] = [0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0xff, 0, 0]
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: hello + window)), promise: nil)
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    input.writeImmutableBuffer(unwrapInboundIn(data))
    if !isPreambleRead, input.readableBytes >= 24 {
      input.moveReaderIndex(forwardBy: 24)
      isPreambleRead = true
    }
    while isPreambleRead, let frame = nextFrame() { answer(frame, context) }
    input.discardReadBytes()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) { context.read() }
  }

  func channelInactive(context: ChannelHandlerContext) { answered.succeed(false) }

  private func nextFrame() -> (type: UInt8, flags: UInt8, payload: ByteBuffer)? {
    guard let head = input.getBytes(at: input.readerIndex, length: 9) else { return nil }
    let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
    guard let payload = input.getSlice(at: input.readerIndex + 9, length: length) else { return nil }
    input.moveReaderIndex(forwardBy: 9 + length)
    return (head[3], head[4], payload)
  }

  private func answer(_ frame: (type: UInt8, flags: UInt8, payload: ByteBuffer), _ context: ChannelHandlerContext) {
    let isAcknowledgement = frame.flags & 1 != 0
    var reply: ByteBuffer
    switch frame.type {
    case 4 where !isAcknowledgement: reply = ByteBuffer(bytes: [0, 0, 0, 4, 1, 0, 0, 0, 0])
    case 6 where !isAcknowledgement:
      pings += 1
      if pings == Self.enough { answered.succeed(true) }
      reply = ByteBuffer(bytes: [0, 0, 8, 6, 1, 0, 0, 0, 0])
      reply.writeImmutableBuffer(frame.payload)
    default: return
    }
    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
  }
}
