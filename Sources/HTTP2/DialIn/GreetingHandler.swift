import NIOCore
import NIOTLS
import SocketFaults

/// Confined to its event loop: the one line that each side says on a connection on which HTTP/2's roles are turned round. It stands
/// where HTTP/2 will be, and makes room when both lines have passed.
final class GreetingHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  enum Verdict {
    /// HTTP/2 begins, behind `reply`.
    case proceed(reply: String?)
    /// The connection ends, behind `reply`.
    case refuse(HTTP2Error, reply: String?)
  }

  /// Bytes of a line at most, its line feed included.
  static let longestLine = 1024

  private let opening: String?
  private let next: ConnectionHandler
  private let judge: (String) -> Verdict
  private var received = ByteBuffer()
  private var timer: Scheduled<Void>?
  private var isOver = false

  /// - Parameters:
  ///   - opening: What this side says first, without line feed; nil where the other begins.
  ///   - next: What speaks HTTP/2 then. It learns of every failure.
  ///   - judge: What the other side's line leads to.
  init(opening: String?, next: ConnectionHandler, judge: @escaping (String) -> Verdict) {
    self.opening = opening
    self.next = next
    self.judge = judge
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    next.closed.futureResult.whenComplete { _ in channel.close(promise: nil) }
    timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: next.handshakeDeadline) {
      self.fail(.connectFailed, "The peer did not greet in time")
    }
    if context.channel.isActive, next.tls == nil { open(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    timer?.cancel()
    // A channel that never came up tells of its end by this alone.
    if next.context == nil { next.over() }
  }

  func channelActive(context: ChannelHandlerContext) {
    if next.tls == nil { open(context) }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted(let negotiated) = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    guard negotiated == HTTP2TLS.protocolName else {
      return fail(.tlsFailed, "The peer does not offer h2 by ALPN: this is not an HTTP/2 endpoint")
    }
    open(context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isOver else { return }
    var data = unwrapInboundIn(data)
    received.writeBuffer(&data)
    guard let end = received.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) else {
      if received.readableBytes >= Self.longestLine { tooLong() }
      return
    }
    let length = end - received.readerIndex
    guard length < Self.longestLine else { return tooLong() }
    let line = received.readString(length: length) ?? ""
    received.moveReaderIndex(forwardBy: 1)
    switch judge(line) {
    case .proceed(let reply): proceed(reply, context)
    case .refuse(let error, let reply):
      isOver = true
      let next = NIOLoopBound(next, eventLoop: context.eventLoop)
      say(reply, context).whenComplete { _ in next.value.fail(error) }
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(.connectFailed, "The peer closed the connection before HTTP/2 began")
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    isOver = true
    next.fail(next.transportFailure(error))
  }

  private func open(_ context: ChannelHandlerContext) {
    if let opening { _ = say(opening, context) }
  }

  private func proceed(_ reply: String?, _ context: ChannelHandlerContext) {
    isOver = true
    if reply != nil { _ = say(reply, context) }
    let pipeline = context.pipeline.syncOperations
    do {
      try pipeline.addHandler(next, position: .after(self))
    } catch {
      return fail(.connectFailed, "The connection is gone: \(SocketFault.words(error))")
    }
    if received.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(received)) }
    pipeline.removeHandler(self, promise: nil)
  }

  private func say(_ line: String?, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: line.map { $0 + "\n" } ?? "")), promise: sent)
    return sent.futureResult
  }

  private func tooLong() {
    fail(.protocolViolation, "The peer's greeting is longer than \(Self.longestLine) bytes")
  }

  private func fail(_ code: HTTP2Error.Code, _ message: String) {
    guard !isOver else { return }
    isOver = true
    next.fail(HTTP2Error(code, message, scope: .connection, maybeProcessed: false))
  }
}
