import NIOCore
import NIOPosix
import Synchronization

extension ContinuousClock {
  /// As `Task.sleep(until:)`, on the timers of the event loop that the task runs on (or any, for a task that runs on none): a timer
  /// of the shared pool of threads costs a wake-up of it to set and another to cancel, and nearly every deadline is cancelled.
  ///
  /// Returns at `instant`, or as soon as the task is cancelled.
  package static func wait(until instant: Instant) async {
    let sleep = EventLoopSleep(
      MultiThreadedEventLoopGroup.currentEventLoop ?? MultiThreadedEventLoopGroup.singleton.any())
    await withTaskCancellationHandler {
      await sleep.wait(until: instant)
    } onCancel: {
      sleep.end()
    }
  }
}

/// One wait for an instant. Sendable: state behind a lock.
final class EventLoopSleep: Sendable {
  private enum State {
    /// Can transition to: waiting, over.
    case idle
    /// Can transition to: over.
    case waiting(CheckedContinuation<Void, Never>, Scheduled<Void>)
    case over
  }

  private let eventLoop: any EventLoop
  private let state = Mutex(State.idle)

  init(_ eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  func wait(until instant: ContinuousClock.Instant) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard case .idle = state else { return true }
        let delay = max(.zero, ContinuousClock.now.duration(to: instant))
        state = .waiting(continuation, eventLoop.scheduleTask(in: TimeAmount(delay)) { self.end() })
        return false
      }
      if isOver { continuation.resume() }
    }
  }

  /// From any thread, at any time: the wait is over.
  func end() {
    let ended = state.withLock { state in
      defer { state = .over }
      return state
    }
    guard case .waiting(let continuation, let timer) = ended else { return }
    timer.cancel()
    continuation.resume()
  }
}
