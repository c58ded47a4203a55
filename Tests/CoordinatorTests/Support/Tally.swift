import Synchronization

/// How many are at it now, and how many ever were at once. Sendable: state behind a lock.
final class Tally: Sendable {
  private let state = Mutex((now: 0, most: 0))

  func enter() {
    state.withLock { state in
      state.now += 1
      state.most = max(state.most, state.now)
    }
  }

  func leave() { state.withLock { $0.now -= 1 } }

  var now: Int { state.withLock { $0.now } }
  var most: Int { state.withLock { $0.most } }
}
