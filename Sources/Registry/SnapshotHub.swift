import Synchronization

/// The newest snapshot and those who follow it. Sendable: state behind a lock.
final class SnapshotHub: Sendable {
  private struct State {
    var snapshot: RegistrySnapshot
    var isOver = false
    var next: UInt64 = 0
    var followers: [UInt64: AsyncStream<RegistrySnapshot>.Continuation] = [:]
  }

  /// More followers than this get a stream that has ended.
  static let maxFollowers = 256

  private let state: Mutex<State>

  init(_ snapshot: RegistrySnapshot) {
    state = Mutex(State(snapshot: snapshot))
  }

  var snapshot: RegistrySnapshot { state.withLock { $0.snapshot } }

  /// Every follower has at most one snapshot waiting, the newest. They are told under the lock, so that none of them
  /// sees an older snapshot after a newer one; telling takes no lock of ours and runs no code of theirs.
  func send(_ snapshot: RegistrySnapshot) {
    state.withLock { state in
      guard state.snapshot != snapshot else { return }
      state.snapshot = snapshot
      for follower in state.followers.values { follower.yield(snapshot) }
    }
  }

  func follow() -> AsyncStream<RegistrySnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: RegistrySnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let id: UInt64? = state.withLock { state in
      guard !state.isOver, state.followers.count < Self.maxFollowers else { return nil }
      state.next += 1
      state.followers[state.next] = continuation
      continuation.yield(state.snapshot)
      return state.next
    }
    if let id {
      continuation.onTermination = { [weak self] _ in
        self?.state.withLock { state in _ = state.followers.removeValue(forKey: id) }
      }
    } else {
      continuation.finish()
    }
    return stream
  }

  func finish() {
    let followers = state.withLock { state in
      state.isOver = true
      defer { state.followers = [:] }
      return Array(state.followers.values)
    }
    for follower in followers { follower.finish() }
  }
}
