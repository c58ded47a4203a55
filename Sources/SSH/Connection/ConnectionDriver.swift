import DequeModule
import Libssh2
import NIOCore

/// Drives one session over one transport: bytes in, operations on, bytes out. Confined to its event loop.
///
/// libssh2 does not tell for whom bytes have come, so each arrival is one turn: take every message in, then look once
/// at each channel that waits for something. A turn is repeated while it brings somebody forward.
final class ConnectionDriver {
  enum Stage {
    /// Steps of the connect are run one after another. Can transition to: open, closed.
    case connecting
    /// Channels live. Can transition to: closed.
    case open
    case closed(SSHError?)
  }

  let eventLoop: any EventLoop
  let host: String
  let settings: SSHConnectionSettings
  private let transport: any ByteTransport
  private(set) var stage = Stage.connecting
  /// With the reason, nil after an orderly close.
  let ended: EventLoopPromise<SSHError?>

  var session: Session
  /// The connect step that waits for bytes.
  private var step: Step?
  private var channels: [ChannelSlot] = []
  private var queue: Deque<ChannelSlot> = []
  private var opening: ChannelSlot?
  private var keepalive: Keepalive?
  private var keepaliveTimer: Scheduled<Void>?

  private var isDriving = false
  private var drivesAgain = false
  private var driveIsScheduled = false

  private struct Step {
    /// Returns whether it is finished.
    let run: (ConnectionDriver) -> Bool
    let fail: (SSHError) -> Void
  }

  init(
    session: consuming Session, transport: any ByteTransport, host: String, settings: SSHConnectionSettings,
    eventLoop: any EventLoop
  ) {
    self.session = session
    self.transport = transport
    self.host = host
    self.settings = settings
    self.eventLoop = eventLoop
    ended = eventLoop.makePromise()
  }

  deinit {
    // Nobody is left to close it: the handle went away during the connect.
    ended.succeed(nil)
  }

  // MARK: Connecting

  /// Runs `operation` whenever bytes have come, until it is ready or fails.
  func perform<Value: Sendable>(
    _ phase: SSHError.Phase, _ completion: Completion<Value>,
    _ operation: @escaping (inout Session) throws(SessionError) -> Poll<Value>
  ) {
    if case .closed(let reason) = stage {
      var error = reason ?? lossError
      error.phase = phase
      return completion.fail(error)
    }
    let run: (ConnectionDriver) -> Bool = { driver in
      do throws(SessionError) {
        guard case .ready(let value) = try operation(&driver.session) else { return false }
        completion.succeed(value)
      } catch {
        let error = SSHError(error, host: driver.host, phase: phase)
        completion.fail(error)
        driver.end(error)
      }
      return true
    }
    let fail: (SSHError) -> Void = { error in
      var error = error
      error.phase = phase
      completion.fail(error)
    }
    step = Step(run: run, fail: fail)
    drive()
  }

  /// Authentication is done: channels may be opened.
  func becomeOpen() {
    guard case .connecting = stage else { return }
    stage = .open
    if settings.keepaliveInterval > .zero {
      keepalive = Keepalive(limit: settings.keepaliveLimit)
      scheduleKeepalive()
    }
  }

  // MARK: Channels

  /// Queues a channel to be opened. `user` hears of it on a later turn.
  func openChannel(
    _ kind: ChannelKind, _ request: ChannelRequest?, readsErrors: Bool = false, user: any ChannelUser
  ) -> ChannelSlot {
    let slot = ChannelSlot(kind: kind, request: request, readsErrors: readsErrors, user: user, connection: self)
    switch stage {
    case .open:
      queue.append(slot)
      channelHasWork()
    case .connecting, .closed:
      slot.state = .closed
      let error = lossError
      // Never from within this call: the user does not hold the slot yet.
      eventLoop.assumeIsolated().execute { slot.takeUser()?.channelFailed(error) }
    }
    return slot
  }

  func channelHasWork() {
    guard !isDriving else { return drivesAgain = true }
    guard !driveIsScheduled else { return }
    // One turn for all that happens in this tick of the loop.
    driveIsScheduled = true
    eventLoop.assumeIsolated().execute { self.drive() }
  }

  func closeChannel(_ slot: ChannelSlot) {
    switch slot.state {
    case .queued:
      slot.state = .closed
      queue.removeAll { $0 === slot }
    case .starting(let id), .open(let id), .draining(let id):
      slot.state = .closing(id)
      channelHasWork()
    case .opening, .closing, .closed:
      break
    }
  }

  // MARK: Turns

  func drive() {
    driveIsScheduled = false
    guard !isDriving else { return drivesAgain = true }
    isDriving = true
    repeat {
      drivesAgain = false
      do throws(SessionError) { try turn() } catch {
        end(SSHError(error, host: host, phase: .operation))
      }
      flush()
    } while drivesAgain && !isClosed
    isDriving = false
  }

  private func turn() throws(SessionError) {
    switch stage {
    case .connecting:
      guard let step else { return }
      self.step = nil
      if !step.run(self), !isClosed { self.step = step }
    case .open:
      try session.pull()
      try openNext()
      for slot in channels { try advance(slot) }
      channels.removeAll { if case .closed = $0.state { true } else { false } }
    case .closed:
      break
    }
  }

  private func openNext() throws(SessionError) {
    while let slot = try nextToOpen() {
      do throws(SessionError) {
        guard case .ready(let id) = try session.openChannel(slot.kind) else { return }
        opening = nil
        channels.append(slot)
        drivesAgain = true
        if slot.user == nil {
          slot.state = .closing(id)
        } else if slot.request == nil {
          slot.state = .open(id)
          slot.user?.channelOpened(slot)
        } else {
          slot.state = .starting(id)
        }
      } catch {
        guard !error.isFatal else { throw error }
        opening = nil
        slot.state = .closed
        slot.takeUser()?.channelFailed(SSHError(error, host: host, phase: .channel))
      }
    }
  }

  private func nextToOpen() throws(SessionError) -> ChannelSlot? {
    if let opening { return opening }
    guard let slot = queue.first else { return nil }
    if channels.count >= settings.channelLimit {
      // A channel that is closing makes room soon; otherwise nothing here says when there will be any.
      if channels.contains(where: { if case .closing = $0.state { true } else { false } }) { return nil }
      queue.removeFirst()
      slot.state = .closed
      slot.takeUser()?.channelFailed(
        SSHError(
          .overloaded, "\(host): \(settings.channelLimit) channels are open already; try again later",
          phase: .channel))
      return try nextToOpen()
    }
    queue.removeFirst()
    slot.state = .opening
    opening = slot
    return slot
  }

  private func advance(_ slot: ChannelSlot) throws(SessionError) {
    do throws(SessionError) {
      switch slot.state {
      case .starting(let id):
        guard let request = slot.request, case .ready = try session.start(request, in: id) else { return }
        if !slot.readsErrors { session.dropErrors(id) }
        slot.state = .open(id)
        drivesAgain = true
        slot.user?.channelOpened(slot)
      case .open(let id):
        try write(slot, id)
        try read(slot, id)
      case .draining(let id):
        guard case .ready(let exit) = try session.awaitClose(id) else { return }
        slot.state = .closing(id)
        drivesAgain = true
        slot.takeUser()?.channelEnded(exit)
      case .closing(let id):
        // What was written before the close goes first, as far as the host's window lets it.
        if slot.outbound.readableBytes > 0 { try write(slot, id) }
        slot.outbound.clear()
        guard case .ready = try session.close(id) else { return }
        slot.state = .closed
        drivesAgain = true
      case .queued, .opening, .closed:
        break
      }
    } catch {
      guard !error.isFatal else { throw error }
      if let id = slot.id { slot.state = .closing(id) }
      drivesAgain = true
      slot.takeUser()?.channelFailed(SSHError(error, host: host, phase: .channel))
    }
  }

  private func write(_ slot: ChannelSlot, _ id: ChannelID) throws(SessionError) {
    while slot.outbound.readableBytes > 0 {
      let bytes = slot.outbound
      guard case .ready(let count) = try session.write(id, bytes.readableBytesSpan) else { return }
      slot.outbound.moveReaderIndex(forwardBy: count)
    }
    slot.outbound.clear()
    if slot.endsOutbound, case .ready = try session.sendEnd(id) { slot.endsOutbound = false }
  }

  private func read(_ slot: ChannelSlot, _ id: ChannelID) throws(SessionError) {
    if slot.readsErrors { try read(slot, id, .error) }
    try read(slot, id, .standard)
  }

  private func read(_ slot: ChannelSlot, _ id: ChannelID, _ stream: ChannelStream) throws(SessionError) {
    while case .open = slot.state, let user = slot.user, user.wantsBytes {
      var buffer = ByteBuffer()
      let size = slot.readSize
      var outcome = ChannelRead.again
      try buffer.writeWithOutputRawSpan(minimumWritableBytes: size) { span throws(SessionError) in
        outcome = try session.read(id, stream, into: &span)
      }
      switch outcome {
      case .bytes(let count):
        slot.adaptReadSize(after: count)
        user.channelReceived(buffer, stream)
      case .again:
        return
      case .end:
        slot.state = .draining(id)
        drivesAgain = true
      }
    }
  }

  private func flush() {
    guard session.hasOutbound else { return }
    transport.send(ByteBuffer(bytes: session.takeOutbound()))
  }

  // MARK: The end

  private var isConnecting: Bool {
    if case .connecting = stage { true } else { false }
  }

  var isClosed: Bool {
    if case .closed = stage { true } else { false }
  }

  /// Says goodbye.
  func close() {
    guard !isClosed else { return }
    session.disconnect()
    flush()
    end(nil)
  }

  /// Ends the connection for everyone on it. Later calls do nothing.
  func end(_ reason: SSHError?) {
    guard !isClosed else { return }
    stage = .closed(reason)
    keepaliveTimer?.cancel()
    let step = self.step
    self.step = nil
    step?.fail(reason ?? lossError)
    transport.close()
    let slots = channels + queue + (opening.map { [$0] } ?? [])
    channels = []
    queue = []
    opening = nil
    for slot in slots {
      slot.state = .closed
      slot.takeUser()?.channelFailed(lossError)
    }
    ended.succeed(reason)
  }

  private var lossError: SSHError {
    if case .closed(let reason?) = stage {
      return SSHError(.connectionLost, reason.message, phase: .operation, scope: .connection)
    }
    return SSHError(.connectionLost, "\(host): the connection was closed", phase: .operation, scope: .connection)
  }
}

extension ConnectionDriver: ByteTransportReceiver {
  func transportReceived(_ bytes: ByteBuffer) {
    guard !isClosed else { return }
    keepalive?.heard()
    do throws(SessionError) { try session.receive(bytes.readableBytesSpan) } catch {
      end(SSHError(error, host: host, phase: isConnecting ? .keyExchange : .operation))
    }
  }

  func transportPaused() {
    drive()
    if step != nil || opening != nil { transport.acknowledgePromptly() }
  }

  func transportEnded(_ reason: String?) {
    guard !isClosed else { return }
    // What came before the end is still worth reading: answers, and sshd's own words of goodbye.
    session.receiveEnd()
    drive()
    let text = reason.map { "\(host): the connection broke (\($0))" } ?? "\(host): the host closed the connection"
    end(SSHError(.connectionLost, text, phase: .operation, scope: .connection))
  }
}

extension ConnectionDriver {
  private func scheduleKeepalive() {
    keepaliveTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(settings.keepaliveInterval)) {
      [weak self] in self?.keepaliveIsDue()
    }
  }

  private func keepaliveIsDue() {
    guard !isClosed else { return }
    switch keepalive?.intervalPassed() {
    case .ask:
      do throws(SessionError) { try session.sendKeepalive() } catch {
        return end(SSHError(error, host: host, phase: .operation))
      }
      flush()
    case .giveUp(let unanswered):
      return end(
        SSHError(
          .connectionLost, "\(host): no sign of life after \(unanswered) keepalive requests",
          phase: .operation, scope: .connection))
    case nil, .wait:
      break
    }
    scheduleKeepalive()
  }
}
