import MCP
import NIOCore
import Synchronization

/// What may reach an answer under way from outside its task.
enum ExchangeEvent: Sendable {
  case progressed(CallID, done: Double, total: Double?, message: String)
  case logged(CallID, MCPLogMessage)
  case finished(CallID, MCPCallResult)
  /// The client took a call back.
  case cancel(CallID)
  /// Something may have become due, or there is something new to write.
  case wake
  /// The client has gone away.
  case lost
  /// The server is going down: streams without an end of their own close now.
  case drain
  /// The server cannot wait any longer.
  case abort
}

/// One client connection, as the door and its ticker see it: when it must be given up, and who answers on it now.
/// Sendable: state behind a lock.
final class HTTPConnection: Sendable {
  private enum Phase {
    /// No request has come since then, or the rest of a refused one is being thrown away.
    case waiting(since: ContinuousClock.Instant, limit: Duration)
    /// A request's head has come, its body not yet.
    case reading(since: ContinuousClock.Instant)
    /// An answer is on its way.
    case answering
  }

  private struct State {
    var phase: Phase
    var mailbox: Mailbox<ExchangeEvent>?
    /// When the answer under way wants to look at the clock.
    var due: ContinuousClock.Instant?
    var writingSince: ContinuousClock.Instant?
    var isLost = false
    var isDraining = false
  }

  let channel: any Channel
  /// The peer's IP address, for limits and logs.
  let address: String
  private let limits: FrontDoorSettings.Limits
  private let state: Mutex<State>

  init(channel: any Channel, limits: FrontDoorSettings.Limits) {
    self.channel = channel
    self.limits = limits
    address = channel.remoteAddress?.ipAddress ?? "unknown"
    state = Mutex(State(phase: .waiting(since: .now, limit: limits.head)))
  }

  // MARK: What happens to a request

  func requestBegan() { state.withLock { $0.phase = .reading(since: .now) } }

  func requestArrived() { state.withLock { $0.phase = .answering } }

  /// - Parameter bodyWasRead: false when the request was refused before; the rest of it has not long to come.
  func requestAnswered(bodyWasRead: Bool) {
    let limit = bodyWasRead ? limits.idle : .seconds(5)
    state.withLock { $0.phase = .waiting(since: .now, limit: limit) }
  }

  // MARK: The answer under way

  /// From here to `detach`, what happens to the connection is told to `mailbox`, perhaps at once.
  func attach(_ mailbox: Mailbox<ExchangeEvent>) {
    let (isLost, isDraining) = state.withLock { state in
      state.mailbox = mailbox
      return (state.isLost, state.isDraining)
    }
    if isLost { mailbox.put(.lost) }
    if isDraining { mailbox.put(.drain) }
  }

  func detach() {
    state.withLock {
      $0.mailbox = nil
      $0.due = nil
    }
  }

  /// The mailbox gets a `wake` at that time, with the ticker's precision.
  func wake(at due: ContinuousClock.Instant) { state.withLock { $0.due = due } }

  func writeBegan() { state.withLock { $0.writingSince = .now } }

  func writeEnded() { state.withLock { $0.writingSince = nil } }

  // MARK: What comes from outside

  /// The client has closed its side. From the channel's event loop.
  func lost() {
    let mailbox = state.withLock { state in
      state.isLost = true
      return state.mailbox
    }
    mailbox?.put(.lost)
  }

  func drain() {
    let mailbox = state.withLock { state in
      state.isDraining = true
      return state.mailbox
    }
    mailbox?.put(.drain)
  }

  func abort() { state.withLock { $0.mailbox }?.put(.abort) }

  /// Time has passed: wakes the answer that waits for it, closes a connection that has taken too long.
  func tick(now: ContinuousClock.Instant) {
    let (isOverdue, woken) = state.withLock { state -> (Bool, Mailbox<ExchangeEvent>?) in
      if let since = state.writingSince, now - since > limits.write { return (true, nil) }
      switch state.phase {
      case .waiting(let since, let limit): return (now - since > limit, nil)
      case .reading(let since): return (now - since > limits.request, nil)
      case .answering:
        guard let due = state.due, now >= due else { return (false, nil) }
        state.due = nil
        return (false, state.mailbox)
      }
    }
    woken?.put(.wake)
    if isOverdue { channel.close(mode: .all, promise: nil) }
  }
}
