import HTTP2
import NIOCore
import NIOPosix

/// An HTTP/2 server of bare frames that allows no streams until it is told to.
struct ReluctantPeer {
  let listener: any Channel
  /// A request's head came.
  let requested: EventLoopFuture<Void>
  private let visitor: EventLoopFuture<any Channel>

  static func start() async throws -> ReluctantPeer {
    let requested = Loopback.group.next().makePromise(of: Void.self)
    requested.fail(after: .seconds(40))
    let visitor = Loopback.group.next().makePromise(of: (any Channel).self)
    let listener = try await ServerBootstrap(group: Loopback.group)
      .childChannelInitializer { channel in
        visitor.succeed(channel)
        return channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Frames(requested: requested))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ReluctantPeer(
      listener: listener, requested: requested.futureResult, visitor: visitor.futureResult)
  }

  func connect() async throws -> HTTP2Connection {
    try await HTTP2Connection.connect(
      host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: nil, on: Loopback.group.next(),
      timeout: .seconds(50), logger: Loopback.logger)
  }

  func allowStreams() {
    visitor.whenSuccess { $0.writeAndFlush(ByteBuffer(bytes: Frames.settings(maxConcurrentStreams: 1)), promise: nil) }
  }
}

/// Confined to its event loop.
private final class Frames: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let requested: EventLoopPromise<Void>
  private var input = ByteBuffer()
  private var isPreambleRead = false

  init(requested: EventLoopPromise<Void>) { self.requested = requested }

  /// Source: RFC 9113, section 6.5.
  static func settings(maxConcurrentStreams: UInt8) -> [UInt8] {
    [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, maxConcurrentStreams]
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.settings(maxConcurrentStreams: 0))), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    input.writeImmutableBuffer(unwrapInboundIn(data))
    if !isPreambleRead, input.readableBytes >= 24 {
      input.moveReaderIndex(forwardBy: 24)
      isPreambleRead = true
    }
    while isPreambleRead, let head = input.getBytes(at: input.readerIndex, length: 9) {
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      guard input.readableBytes >= 9 + length else { break }
      input.moveReaderIndex(forwardBy: 9 + length)
      if head[3] == 1 { requested.succeed() }
    }
  }

  func channelInactive(context: ChannelHandlerContext) { requested.fail(ChannelError.eof) }
}
