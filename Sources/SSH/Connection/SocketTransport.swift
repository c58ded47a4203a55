import NIOCore
import SocketFaults

#if canImport(Glibc)
  import Glibc
#endif

/// A TCP socket as a connection's transport. Confined to its event loop.
final class SocketTransport: ChannelInboundHandler, ByteTransport {
  typealias InboundIn = ByteBuffer

  /// An answer of a few KiB comes with one system call.
  static let buffers = AdaptiveRecvByteBufferAllocator(minimum: 8 << 10, initial: 8 << 10, maximum: 64 << 10)

  private let channel: any Channel
  private var receiver: (any ByteTransportReceiver)?
  private var reason: String?

  init(channel: any Channel) {
    self.channel = channel
  }

  /// Bytes that come earlier are not lost: reading starts here.
  func attach(_ receiver: any ByteTransportReceiver) {
    self.receiver = receiver
    if channel.isActive { channel.read() }
    // ChannelOptions.autoRead: failures mean that the channel is closed, which `channelInactive` tells.
    channel.setOption(.autoRead, value: true).whenFailure { _ in }
    if !channel.isActive { end() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    receiver?.transportReceived(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    receiver?.transportPaused()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    reason = reason ?? SocketFault.words(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    end()
  }

  private func end() {
    let receiver = self.receiver
    self.receiver = nil
    receiver?.transportEnded(reason)
  }

  func send(_ bytes: ByteBuffer) {
    channel.writeAndFlush(bytes, promise: nil)
  }

  func close() {
    channel.close(promise: nil)
  }

  /// TCP_QUICKACK is forgotten by the kernel after a while (tcp(7)), so it is set again and again. Without it the
  /// delayed acknowledgement of our side meets Nagle's algorithm of sshd's before it sets TCP_NODELAY: 40 ms.
  func acknowledgePromptly() {
    #if os(Linux)
      let option = ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_QUICKACK))
      try? channel.syncOptions?.setOption(option, value: 1)
    #endif
  }
}
