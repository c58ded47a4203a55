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

  /// Nil while a thread has it (`lend`): nothing of libssh2 happens here then.
  var session: Session?
  /// What came while the session is away.
  var absence: Absence?
  /// The connect step that waits for bytes, or for the session to come back.
  var step: Step?
  var channels: [ChannelSlot] = []
  var queue: Deque<ChannelSlot> = []
  var opening: ChannelSlot?
  /// When a session's channel was closed last.
  var sessionClosed: ContinuousClock.Instant?
  var loginShell = LoginShell.unknown
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
    /// Tries it once, wherever the session is. Nil: it needs more bytes; otherwise it is finished, and the loop is to be told.
    let attempt: @Sendable (inout Session) -> Verdict?
    let fail: (SSHError) -> Void
    /// An attempt may compute for long: threads make it.
    let takesLong: Bool
  }

  /// Called on the event loop.
  typealias Verdict = @Sendable (ConnectionDriver) -> Void

  init(
    session: consuming Session, transport: any ByteTransport, host: String, settings: SSHConnectionSettings,
    eventLoop: any EventLoop
  ) {
    self.session = consume session
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
  ///
  /// - Parameter takesLong: it may compute for long, and runs on a thread instead of here.
  func perform<Value: Sendable>(
    _ phase: SSHError.Phase, _ completion: Completion<Value>, takesLong: Bool = false,
    _ operation: @escaping @Sendable (inout Session) throws(SessionError) -> Poll<Value>
  ) {
    if case .closed(let reason) = stage {
      var error = reason ?? lossError
      error.phase = phase
      return completion.fail(error)
    }
    let attempt: @Sendable (inout Session) -> Verdict? = { session in
      do throws(SessionError) {
        guard case .ready(let value) = try operation(&session) else { return nil }
        return { _ in completion.succeed(value) }
      } catch {
        return { driver in
          let error = SSHError(error, host: driver.host, phase: phase)
          completion.fail(error)
          driver.end(error)
        }
      }
    }
    let fail: (SSHError) -> Void = { error in
      var error = error
      error.phase = phase
      completion.fail(error)
    }
    step = Step(attempt: attempt, fail: fail, takesLong: takesLong)
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

  /// Says goodbye, if the session is here to say it.
  func close() {
    guard !isClosed else { return }
    session?.disconnect()
    flush()
    end(nil)
  }

  /// Ends the connection for everyone on it. Later calls do nothing.
  func end(_ reason: SSHError?) {
    guard !isClosed else { return }
    stage = .closed(reason)
    keepaliveTimer?.cancel()
    obstructionTimer?.cancel()
    absence?.isAwaited.clear()
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
