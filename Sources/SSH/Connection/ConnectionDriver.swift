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
  let transport: any ByteTransport
  var stage = Stage.connecting
  /// With the reason, nil after an orderly close.
  let ended: EventLoopPromise<SSHError?>

  var session: Session
  /// The connect step that waits for bytes.
  var step: Step?
  var channels: [ChannelSlot] = []
  var queue: Deque<ChannelSlot> = []
  var opening: ChannelSlot?
  var keepalive: Keepalive?
  var keepaliveTimer: Scheduled<Void>?
  /// Called when the host answered after it was asked for a sign of life.
  var keptAlive: (() -> Void)?
  /// Called once, when the connection should serve nobody else.
  var obstructed: (() -> Void)?
  var isObstructed = false
  var obstructionTimer: Scheduled<Void>?

  /// Empty, with room: read from the engine when there was nothing.
  var unread: ByteBuffer?
  var isDriving = false
  var drivesAgain = false
  var driveIsScheduled = false

  struct Step {
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
  ///
  /// - Parameter isPatient: it waits where there are as many channels as may be, and does not fail.
  func openChannel(
    _ kind: ChannelKind, _ request: ChannelRequest?, readsErrors: Bool = false, isPatient: Bool = false,
    user: any ChannelUser
  ) -> ChannelSlot {
    let slot = ChannelSlot(
      kind: kind, request: request, readsErrors: readsErrors, isPatient: isPatient, user: user, connection: self)
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
      watchForObstruction()
      channelHasWork()
    case .opening, .closing, .closed:
      break
    }
  }

  // MARK: The end

  var isConnecting: Bool {
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
    obstructionTimer?.cancel()
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

  var lossError: SSHError {
    if case .closed(let reason?) = stage {
      return SSHError(.connectionLost, reason.message, phase: .operation, scope: .connection)
    }
    return SSHError(.connectionLost, "\(host): the connection was closed", phase: .operation, scope: .connection)
  }
}
