import HTTP2
import NIOCore
import NIOPosix

/// A TCP peer on loopback that says one thing and is silent from then on.
struct RawPeer: Sendable {
  /// An empty SETTINGS frame. Source: RFC 9113, section 6.5.
  static let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]

  let listener: any Channel

  static func start(says bytes: [UInt8]) async throws -> RawPeer {
    let listener = try await ServerBootstrap(group: loops)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Says(bytes: bytes))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return RawPeer(listener: listener)
  }

  /// A client of `port`.
  static func connect(port: Int, says bytes: [UInt8]) async throws -> any Channel {
    try await ClientBootstrap(group: loops)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Says(bytes: bytes))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
  }

  func connect(_ settings: HTTP2Settings, timeout: Duration) async throws -> HTTP2Connection {
    try await HTTP2Connection.connect(
      host: "127.0.0.1", port: listener.localAddress?.port ?? 0, tls: nil, settings: settings, on: loops.next(),
      timeout: timeout, logger: quiet)
  }

  func stop() async {
    try? await listener.close()
  }
}

private final class Says: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  func channelActive(context: ChannelHandlerContext) {
    if !bytes.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil) }
  }
}
