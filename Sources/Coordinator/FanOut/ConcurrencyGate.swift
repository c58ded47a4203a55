import DequeModule
import Synchronization

/// Lets a bounded number of requests through at once; the others wait in the order of their arrival. Sendable: state behind a lock.
package final class ConcurrencyGate: Sendable {
  private struct Waiter {
    let id: UInt64
    let continuation: CheckedContinuation<Bool, Never>
  }

  private struct State {
    var free: Int
    var nextID: UInt64 = 0
    var waiters: Deque<Waiter> = []
    /// Cancelled before they could be queued.
    var gone: Set<UInt64> = []
  }

  private let state: Mutex<State>

  package init(limit: Int) {
    state = Mutex(State(free: limit))
  }

  /// Requests that wait at this moment.
  package var waiting: Int { state.withLock { $0.waiters.count } }

  /// Waits for a turn. Throws `CancellationError` when the task is cancelled first; otherwise `leave` must follow.
  package func enter() async throws {
    let id: UInt64? = state.withLock { state in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      state.nextID += 1
      return state.nextID
    }
    guard let id else { return }
    let entered = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        queue(Waiter(id: id, continuation: continuation))
      }
    } onCancel: {
      giveUp(id)
    }
    if !entered { throw CancellationError() }
    if Task.isCancelled { state.withLock { _ = $0.gone.remove(id) } }
  }

  /// Hands the turn to who waits longest.
  package func leave() {
    let next = state.withLock { state in
      let next = state.waiters.popFirst()
      if next == nil { state.free += 1 }
      return next
    }
    next?.continuation.resume(returning: true)
  }

  private func queue(_ waiter: Waiter) {
    let answer: Bool? = state.withLock { state in
      if state.gone.remove(waiter.id) != nil { return false }
      // A turn may have come free since.
      if state.free > 0 {
        state.free -= 1
        return true
      }
      state.waiters.append(waiter)
      return nil
    }
    if let answer { waiter.continuation.resume(returning: answer) }
  }

  private func giveUp(_ id: UInt64) {
    let waiter: Waiter? = state.withLock { state in
      if let index = state.waiters.firstIndex(where: { $0.id == id }) { return state.waiters.remove(at: index) }
      state.gone.insert(id)
      return nil
    }
    waiter?.continuation.resume(returning: false)
  }
}
