import FoundationEssentials
import Logging
import NIOCore
import NIOSSL
import Nghttp2
import SocketFaults

// How the connection begins, lives and ends: the state machine's actions and the timers.
extension ConnectionHandler {
  var isUsable: Bool { machine.isUsable && session.mayRequest }

  var peerCertificate: [UInt8]? {
    try? tls?.peerCertificate?.toDERBytes()
  }

  // MARK: The peer's certificate

  /// Whether the peer is wanted; a connection with one that is not ends.
  @discardableResult
  func examine() -> Bool {
    guard let policy, let certificate = peerCertificate, let reason = policy.refuses(certificate) else { return true }
    logger.warning("http2.peer.refused", metadata: ["peer": "\(peerName)", "reason": "\(reason)"])
    fail(
      HTTP2Error(.tlsFailed, "The peer is not let in: \(reason)", scope: .connection, maybeProcessed: true))
    return false
  }

  /// As `examine`, on a connection that is up: a peer whose certificate was good until now may finish.
  func examineAgain() {
    guard let policy, let certificate = peerCertificate, policy.refuses(certificate) != nil, policy.drains(certificate)
    else {
      examine()
      return
    }
    logger.notice("http2.peer.outdated", metadata: ["peer": "\(peerName)"])
    shutdown(grace: .seconds(30))
  }

  /// A link does not outlive the certificate of its peer: it drains then, and whoever needs it makes another.
  func beginCertificateTimer() {
    guard let context, let notAfter = tls?.peerCertificate?.notValidAfter else { return }
    let left = max(0, Double(notAfter) - Date.now.timeIntervalSince1970)
    // What lies further off than NIO's clock can say does not matter.
    guard left < 100 * 86_400 else { return }
    certificateTimer = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(left * 1000))) {
      self.logger.notice("http2.peer.expired", metadata: ["peer": "\(self.peerName)"])
      self.shutdown(grace: .seconds(30))
    }
  }

  // MARK: Told by the session

  func tellConnection(_ event: Event) {
    switch event {
    case .settings:
      perform(machine.settingsReceived())
      settingsChanged?()
    case .pingAcknowledged(let payload):
      if payload == noticePing { perform(machine.noticeAcknowledged()) }
    case .goAway(_, let code, let debug):
      let code = HTTP2ErrorCode(wire: code)
      logger.debug("http2.goaway.received", metadata: ["code": "\(code)", "debug": "\(debug)"])
      if code != .noError, failure == nil {
        failure = HTTP2Error(
          .goAway(code), "The peer ended the connection: \(code) \(debug)", scope: .connection, maybeProcessed: true)
      }
      perform(machine.goAwayReceived())
    case .head, .trailers, .data, .headerListTooLarge, .writable, .closed, .settingsAcknowledged: break
    }
  }

  // MARK: Asked by the user

  func shutdown(grace: Duration) {
    guard !machine.isClosed else { return }
    // Not even on its channel yet: the greeting is under way.
    guard let context else { return abort() }
    let deadline = NIODeadline.now() + TimeAmount(grace)
    if graceDeadline.map({ deadline < $0 }) ?? true {
      graceDeadline = deadline
      graceTimer?.cancel()
      graceTimer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
        self.perform(self.machine.graceExpired())
      }
    }
    perform(machine.shutdownRequested())
  }

  func abort() {
    fail(.connectionClosed)
  }

  // MARK: The state machine's actions

  private func perform(_ action: ConnectionStateMachine.Action) {
    switch action {
    case .none: break
    case .announce:
      handshakeTimer?.cancel()
      startLivenessTimer()
      ready.succeed()
    case .sendNotice:
      unusable.succeed(.draining)
      _ = session.shutdownNotice()
      noticePing = ping()
    case .sendGoAway:
      unusable.succeed(.draining)
      _ = session.goAway(code: HTTP2ErrorCode.noError.rawValue)
      scheduleFlush()
    case .announceDraining: unusable.succeed(failure ?? .draining)
    case .close: fail(.connectionClosed)
    case .finish: finish()
    }
  }

  /// Remembers the first reason and closes.
  func fail(_ error: HTTP2Error) {
    guard !machine.isClosed else { return }
    if failure == nil { failure = error }
    if error.code == .protocolViolation {
      logger.warning("http2.violation", metadata: ["peer": "\(peerName)", "reason": "\(error.message)"])
    }
    closeChannel()
    over()
  }

  func closeChannel() {
    context?.close(mode: .all, promise: nil)
  }

  /// The session has nothing to read or to send any more. What is in the channel goes out first; a server then leaves the
  /// client time to close, as it does after GOAWAY, because a close with bytes unread would take from the client what it has
  /// not read either.
  func sessionEnded() {
    guard let context, !isEnding else { return }
    isEnding = true
    let sent = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    let linger: TimeAmount = machine.side == .server ? .seconds(1) : .zero
    sent.futureResult.assumeIsolated().whenComplete { _ in
      guard let context = self.context, !self.machine.isClosed else { return }
      guard linger > .zero else { return self.closeChannel() }
      self.graceTimer?.cancel()
      self.graceTimer = context.eventLoop.assumeIsolated().scheduleTask(in: linger) { self.closeChannel() }
    }
  }

  /// The channel is closed, or as good as.
  func over() {
    perform(machine.channelClosed())
  }

  private func finish() {
    handshakeTimer?.cancel()
    livenessTimer?.cancel()
    graceTimer?.cancel()
    certificateTimer?.cancel()
    let error = failure ?? violation ?? .connectionClosed
    ready.fail(error)
    unusable.succeed(error)
    closeStreams(error)
    connection = nil
    settingsChanged = nil
    closed.succeed()
  }

  /// The session said GOAWAY to a peer that broke the protocol.
  private var violation: HTTP2Error? {
    session.violation.map {
      HTTP2Error(.protocolViolation, "The peer broke HTTP/2: \($0)", scope: .connection, maybeProcessed: true)
    }
  }

  private var peerName: String { connection?.remoteAddress.map { "\($0)" } ?? "unknown" }

  // MARK: Errors

  func transportFailure(_ error: any Error) -> HTTP2Error {
    guard machine.isHandshaking else {
      return HTTP2Error(
        .connectionClosed, "The connection broke: \(TLSFault.words(error) ?? SocketFault.words(error))",
        scope: .connection, maybeProcessed: true)
    }
    if let words = TLSFault.words(error) {
      return HTTP2Error(
        .tlsFailed, "TLS failed: \(words); check the authority, the names and the dates of both certificates",
        scope: .connection, maybeProcessed: false)
    }
    return HTTP2Error(
      .connectFailed, "The connection broke before HTTP/2 began: \(SocketFault.words(error))", scope: .connection,
      maybeProcessed: false)
  }

  func countProvokedResets(now: ContinuousClock.Instant) {
    let new = session.provokedResets - provokedSeen
    guard new > 0, machine.side == .server else { return }
    provokedSeen += new
    guard !provoked.take(new, now: now) else { return }
    _ = session.terminate(code: HTTP2ErrorCode.enhanceYourCalm.rawValue)
    failure = HTTP2Error(
      .protocolViolation, "The peer made this side reset too many streams", scope: .connection, maybeProcessed: true)
    scheduleFlush()
  }

  // MARK: Timers

  func startHandshakeTimer() {
    handshakeTimer = context?.eventLoop.assumeIsolated().scheduleTask(deadline: handshakeDeadline) {
      guard self.machine.isHandshaking else { return }
      self.fail(
        HTTP2Error(
          .connectFailed, "The peer did not answer with HTTP/2 in time", scope: .connection, maybeProcessed: false))
    }
  }

  private func startLivenessTimer() {
    liveness.heard(now: .now)
    scheduleLiveness(at: liveness.firstCheck)
  }

  private func scheduleLiveness(at instant: ContinuousClock.Instant) {
    let delay = TimeAmount(max(.zero, instant - ContinuousClock.now))
    livenessTimer = context?.eventLoop.assumeIsolated().scheduleTask(in: delay) { self.livenessTimerFired() }
  }

  private func livenessTimerFired() {
    guard !machine.isClosed else { return }
    let unsent = (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    switch liveness.timerFired(now: .now, unsent: unsent) {
    case .wait(let until): scheduleLiveness(at: until)
    case .ping(let until):
      _ = ping()
      isLivenessPingQueued = true
      scheduleLiveness(at: until)
    case .dead:
      fail(
        HTTP2Error(
          .pingTimeout, "The peer is silent: no answer to PING within \(settings.pingTimeout)", scope: .connection,
          maybeProcessed: true))
    }
  }

  private func ping() -> UInt64 {
    lastPing += 1
    _ = session.ping(lastPing)
    scheduleFlush()
    return lastPing
  }
}

extension HTTP2Error {
  static let draining = HTTP2Error(
    .draining, "The connection takes no new streams", scope: .connection, maybeProcessed: false)
  static let connectionClosed = HTTP2Error(
    .connectionClosed, "The connection is closed", scope: .connection, maybeProcessed: true)
}
