import Synchronization

/// Wakes whoever waits for the next change. Sendable: state behind a lock.
final class ChangeSignal: Sendable {
  private struct State {
    var count: UInt64 = 0
    var nextWaiter: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  /// Changes so far. Read it before what it guards, and no change is missed.
  var count: UInt64 { state.withLock { $0.count } }

  func send() {
    let waiters = state.withLock { state in
      state.count += 1
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when there were more than `seen` changes, when `limit` comes, or when the task is cancelled.
  func wait(beyond seen: UInt64, until limit: ContinuousClock.Instant) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.wait(beyond: seen) }
      group.addTask { try? await Task.sleep(until: limit, clock: .continuous) }
      await group.next()
      group.cancelAll()
    }
  }

  private func wait(beyond seen: UInt64) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.count > seen || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
    }
  }
}
