import NIOCore

/// Sends one request when its channel is up and collects the one answer. Confined to its event loop.
final class AgentExchange: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum State {
    /// Can transition to: done.
    case collecting(ByteBuffer)
    /// The promise is completed; what comes now is ignored.
    case done
  }

  private let request: [UInt8]
  private let reply: EventLoopPromise<[UInt8]>
  private var state = State.collecting(ByteBuffer())

  init(request: [UInt8], reply: EventLoopPromise<[UInt8]>) {
    self.request = request
    self.reply = reply
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .collecting(var buffer) = state else { return }
    buffer.writeImmutableBuffer(unwrapInboundIn(data))
    state = .collecting(buffer)
    guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return }
    guard length > 0, length <= AgentMessage.limit else {
      finish(context, .failure(AgentMessage.violation("it announced \(length) bytes")))
      return
    }
    guard buffer.readableBytes >= 4 + Int(length) else { return }
    guard buffer.readableBytes == 4 + Int(length) else {
      finish(context, .failure(AgentMessage.violation("it sent more than one answer")))
      return
    }
    finish(context, .success(buffer.getBytes(at: buffer.readerIndex + 4, length: Int(length)) ?? []))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    finish(context, .failure(error))
  }

  func channelInactive(context: ChannelHandlerContext) {
    finish(
      context,
      .failure(
        SSHError(
          .authFailed, "the ssh-agent closed the connection without an answer: check it with `ssh-add -l`",
          phase: .authentication)))
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    channelInactive(context: context)
  }

  private func finish(_ context: ChannelHandlerContext, _ result: Result<[UInt8], any Error>) {
    guard case .collecting = state else { return }
    state = .done
    reply.completeWith(result)
    context.close(promise: nil)
  }
}
