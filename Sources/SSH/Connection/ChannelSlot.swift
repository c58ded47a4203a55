import Libssh2
import NIOCore

/// One channel of a connection, from the wish for it to its end. Confined to its event loop.
final class ChannelSlot {
  enum State {
    /// Waits for its turn to open. Can transition to: opening, closed.
    case queued
    /// The connection's one opening channel. Can transition to: starting, open, closing, closed.
    case opening
    /// Its request (exec, subsystem) waits for an answer. Can transition to: open, closing, closed.
    case starting(ChannelID)
    /// Can transition to: draining, closing, closed.
    case open(ChannelID)
    /// The host will send nothing more; its close is awaited. Can transition to: closing.
    case draining(ChannelID)
    /// Nobody uses it any more; our close is under way. Can transition to: closed.
    case closing(ChannelID)
    case closed
  }

  let kind: ChannelKind
  let request: ChannelRequest?
  /// Standard error is of interest; otherwise libssh2 drops it.
  let readsErrors: Bool
  /// It waits for room until its user gives up, instead of failing.
  let isPatient: Bool
  var state = State.queued {
    didSet {
      switch state {
      case .starting: wasRequested = true
      case .opening, .closing: since = .now
      case .queued, .open, .draining, .closed: break
      }
    }
  }
  /// When it began to open, or to close.
  private(set) var since = ContinuousClock.now
  /// Its request may have reached the host, and with it what was written.
  private(set) var wasRequested = false
  /// When the host refused it first, where it is asked again.
  var firstRefusal: ContinuousClock.Instant?
  var outbound = ByteBuffer()
  /// End of file is to be sent after `outbound`.
  var endsOutbound = false
  private(set) var user: (any ChannelUser)?
  private weak var connection: ConnectionDriver?

  init(
    kind: ChannelKind, request: ChannelRequest?, readsErrors: Bool, isPatient: Bool, user: any ChannelUser,
    connection: ConnectionDriver
  ) {
    self.kind = kind
    self.request = request
    self.readsErrors = readsErrors
    self.isPatient = isPatient
    self.user = user
    self.connection = connection
  }

  var isSession: Bool { kind == .session }

  /// Hands the user out for its last call.
  func takeUser() -> (any ChannelUser)? {
    defer { user = nil }
    return user
  }

  var id: ChannelID? {
    switch state {
    case .starting(let id), .open(let id), .draining(let id), .closing(let id): id
    case .queued, .opening, .closed: nil
    }
  }

  /// Bytes to make room for before the next read: follows what reads have given, so that small answers cost small
  /// buffers and bulk needs few reads.
  private(set) var readSize = 4096

  func adaptReadSize(after count: Int) {
    if count >= readSize {
      readSize = min(readSize * 4, 256 << 10)
    } else if count < readSize / 8 {
      readSize = max(readSize / 2, 4096)
    }
  }

  // MARK: For the user

  /// Also before the channel is open: it is sent behind the request, without waiting for the answer to it.
  func write(_ bytes: ByteBuffer) {
    var bytes = bytes
    outbound.writeBuffer(&bytes)
    connection?.channelHasWork()
  }

  func end() {
    endsOutbound = true
    connection?.channelHasWork()
  }

  /// `wantsBytes` has become true.
  func resumeReading() { connection?.channelHasWork() }

  /// The user has no more use for it and is not called again.
  func close() {
    user = nil
    connection?.closeChannel(self)
  }
}
