import DequeModule
import Synchronization

/// Events for one reader from anywhere. Sendable: state behind a lock.
///
/// `put` never waits, so that it can be called from an event loop or a callback; the reader takes the events in order.
final class Mailbox<Event: Sendable>: Sendable {
  private struct State {
    var events: Deque<Event> = []
    var reader: CheckedContinuation<Event, Never>?
  }

  private let state = Mutex(State())

  /// - Parameter limit: with so many events waiting this one is dropped (for what can be missed).
  func put(_ event: Event, limit: Int = .max) {
    let reader = state.withLock { state -> CheckedContinuation<Event, Never>? in
      if let reader = state.reader {
        state.reader = nil
        return reader
      }
      if state.events.count < limit { state.events.append(event) }
      return nil
    }
    reader?.resume(returning: event)
  }

  /// The next event. One reader at a time. Cancelling the reader's task does not wake it: whoever cancels also puts an event.
  func next() async -> Event {
    if let event = state.withLock({ $0.events.popFirst() }) { return event }
    return await withCheckedContinuation { continuation in
      let event = state.withLock { state -> Event? in
        if let event = state.events.popFirst() { return event }
        state.reader = continuation
        return nil
      }
      if let event { continuation.resume(returning: event) }
    }
  }
}
