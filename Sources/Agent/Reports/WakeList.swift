import Synchronization

/// Those who want to be woken when there is news. Sendable: state behind a lock.
///
/// A waker is kept once for a sleeper that did not look yet, however often it is called.
final class WakeList: Sendable {
  private struct State {
    var next: UInt64 = 0
    var sleepers: [UInt64: AsyncStream<Void>.Continuation] = [:]
  }

  private let state = Mutex(State())

  /// The wakes of a new sleeper, the first one due at once, and a way to wake this one alone. They end when its task is
  /// cancelled or the stream is dropped.
  func subscribe() -> (wakes: AsyncStream<Void>, wake: @Sendable () -> Void) {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state in
      state.next += 1
      state.sleepers[state.next] = continuation
      return state.next
    }
    // Also the end of a sleeper calls this list: never from within the lock.
    continuation.onTermination = { [weak self] _ in
      let ended = self?.state.withLock { $0.sleepers.removeValue(forKey: id) }
      _ = ended
    }
    continuation.yield()
    return (stream, { continuation.yield() })
  }

  func wake() {
    let sleepers = state.withLock { Array($0.sleepers.values) }
    for sleeper in sleepers { sleeper.yield() }
  }
}
