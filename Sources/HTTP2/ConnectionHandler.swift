import Logging
import NIOCore
import NIOSSL
import NIOTLS
import Nghttp2

/// Confined to its event loop: drives one session on one channel. Bytes go in as they come; what they caused is told to the
/// streams' handlers after the session returned; output goes out once for each tick of the loop.
final class ConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let settings: HTTP2Settings
  let tls: NIOSSLHandler?
  let policy: PeerPolicy?
  /// Server: who takes the streams.
  let accept: HTTP2Server.Accept?
  let handshakeDeadline: NIODeadline
  let closed: EventLoopPromise<Void>
  let unusable: EventLoopPromise<HTTP2Error>
  /// Succeeds when the peer's SETTINGS have come.
  let ready: EventLoopPromise<Void>

  var session: Session
  var machine: ConnectionStateMachine
  var streams: [Int32: StreamState] = [:]
  var context: ChannelHandlerContext?
  var logger: Logger
  /// What its streams name as their connection; nil once the connection is over.
  var connection: HTTP2Connection?
  /// Told after each SETTINGS of the peer's.
  var settingsChanged: (@Sendable () -> Void)?
  /// The first reason found for the end of the connection.
  var failure: HTTP2Error?

  var liveness: Liveness
  var provoked: TokenBucket
  var provokedSeen = 0
  var handshakeTimer: Scheduled<Void>?
  var livenessTimer: Scheduled<Void>?
  /// The next bytes out have the PING that liveness wants among them: control frames go before data.
  var isLivenessPingQueued = false
  var graceTimer: Scheduled<Void>?
  /// Runs out with the peer's certificate.
  var certificateTimer: Scheduled<Void>?
  var graceDeadline: NIODeadline?
  var lastPing: UInt64 = 0
  /// The PING behind the shutdown notice.
  var noticePing: UInt64?
  /// The session is over and the channel about to close.
  var isEnding = false

  /// TLS is up, or there is none, before the handler is added to an open channel.
  private let isTransportUp: Bool
  /// The session speaks: TLS is up, or there is none.
  private var isSpeaking = false
  private var isReading = false
  private var isFlushScheduled = false
  private var spareEvents: [Event] = []

  /// - Throws: The settings are out of bounds, or memory is short.
  init(
    side: ConnectionStateMachine.Side, settings: HTTP2Settings, tls: NIOSSLHandler?,
    policy: PeerPolicy? = nil, handshakeDeadline: NIODeadline,
    isTransportUp: Bool = false, accept: HTTP2Server.Accept?, eventLoop: any EventLoop, logger: Logger
  ) throws(SessionError) {
    let now = ContinuousClock.now
    session = try Session(side == .client ? .client : .server, options: settings.sessionOptions)
    machine = ConnectionStateMachine(side: side)
    liveness = Liveness(silence: settings.pingAfter, timeout: settings.pingTimeout, now: now)
    provoked = TokenBucket(burst: settings.resetBurst, perSecond: settings.resetsPerSecond, now: now)
    self.settings = settings
    self.tls = tls
    self.policy = policy
    self.handshakeDeadline = handshakeDeadline
    self.isTransportUp = isTransportUp
    self.accept = accept
    self.logger = logger
    closed = eventLoop.makePromise()
    unusable = eventLoop.makePromise()
    ready = eventLoop.makePromise()
  }

  // MARK: The channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    startHandshakeTimer()
    if context.channel.isActive { channelActive(context: context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    over()
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    if tls == nil || isTransportUp { speak() }
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent {
      if negotiated == HTTP2TLS.protocolName {
        speak()
      } else {
        fail(
          HTTP2Error(
            .tlsFailed, "The peer does not offer h2 by ALPN: this is not an HTTP/2 endpoint", scope: .connection,
            maybeProcessed: false))
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    if !machine.isClosed { receive(unwrapInboundIn(data)) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    flush()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { scheduleFlush() }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    over()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(transportFailure(error))
  }

  // MARK: In

  private func receive(_ buffer: ByteBuffer) {
    var rest = buffer
    let now = ContinuousClock.now
    liveness.heard(now: now)
    do throws(SessionError) {
      repeat {
        let taken = try session.receive(rest.readableBytesSpan)
        drainEvents(input: rest)
        rest.moveReaderIndex(forwardBy: taken)
      } while session.isPaused
    } catch {
      drainEvents(input: rest)
      return fail(
        HTTP2Error(
          .protocolViolation, "The peer broke HTTP/2: \(error.message)", scope: .connection, maybeProcessed: true))
    }
    countProvokedResets(now: now)
  }

  /// Tells what was recorded. Nothing of a session's runs meanwhile, so whoever is told may use any stream.
  private func drainEvents(input: ByteBuffer?) {
    while session.hasEvents {
      let events = session.takeEvents(recycling: spareEvents)
      spareEvents = []
      for event in events { tell(event, input: input) }
      spareEvents = events
    }
  }

  private func speak() {
    guard !isSpeaking, !machine.isClosed, examine() else { return }
    isSpeaking = true
    beginCertificateTimer()
    if let policy, let connection { policy.watch(connection) }
    scheduleFlush()
  }

  // MARK: Out

  /// Something may wait to be sent: sends it at the end of the reads that are under way, or of this tick.
  func scheduleFlush() {
    guard !isReading, !isFlushScheduled, let context else { return }
    isFlushScheduled = true
    context.eventLoop.assumeIsolated().execute {
      self.isFlushScheduled = false
      self.flush()
    }
  }

  /// Sends while the channel takes it: what it does not take waits in the session, where it is bounded.
  private func flush() {
    guard isSpeaking, let context, context.channel.isActive else { return }
    var wrote = false
    var size = Self.firstBuffer
    while context.channel.isWritable, session.wantsWrite {
      var output = context.channel.allocator.buffer(capacity: size)
      let more: Bool
      do throws(SessionError) {
        more = try fill(&output)
      } catch {
        return fail(HTTP2Error(.connectionClosed, error.message, scope: .connection, maybeProcessed: true))
      }
      guard output.readableBytes > 0 else { break }
      context.write(wrapOutboundOut(output), promise: pingPromise(context))
      wrote = true
      guard more else { break }
      size = Self.nextBuffers
    }
    if wrote { context.flush() }
    drainEvents(input: nil)
    if !session.wantsRead, !session.wantsWrite {
      sessionEnded()
    } else if session.wantsWrite, context.channel.isWritable {
      // Handlers queued more: after the reads that wait, so that no stream keeps the loop.
      scheduleFlush()
    }
  }

  /// Tells liveness when the PING has left; nil where none is waiting.
  private func pingPromise(_ context: ChannelHandlerContext) -> EventLoopPromise<Void>? {
    guard isLivenessPingQueued else { return nil }
    isLivenessPingQueued = false
    let sent = context.eventLoop.makePromise(of: Void.self)
    sent.futureResult.assumeIsolated().whenSuccess { self.liveness.pingSent(now: .now) }
    return sent
  }

  private func fill(_ output: inout ByteBuffer) throws(SessionError) -> Bool {
    var more = false
    try output.writeWithOutputRawSpan(minimumWritableBytes: Session.leastRoom) { span throws(SessionError) in
      more = try session.send(into: &span)
    }
    return more
  }

  private static let firstBuffer = 24 << 10
  private static let nextBuffers = 128 << 10
}

extension HTTP2Settings {
  var sessionOptions: SessionOptions {
    var options = SessionOptions()
    options.maxConcurrentStreams = UInt32(clamping: maxConcurrentStreams)
    options.streamWindow = Int32(clamping: streamWindow)
    options.connectionWindow = Int32(clamping: connectionWindow)
    options.maxHeaderListSize = maxHeaderListSize
    options.highWatermark = highWatermark
    options.lowWatermark = lowWatermark
    options.resetBurst = UInt64(clamping: resetBurst)
    options.resetsPerSecond = UInt64(clamping: resetsPerSecond)
    return options
  }
}
