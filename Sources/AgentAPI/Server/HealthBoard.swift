import Synchronization

/// What health probes are told of an agent: one for all the ways in which it is asked. Sendable: state behind a lock.
package final class HealthBoard: Sendable {
  private struct State {
    var isServing = true
    var nextWatcher = 0
    var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
  }
  private let state = Mutex(State())

  package init() {}

  /// The services that a probe may ask for; empty stands for all together.
  static let services: Set<String> = ["", AgentProtocol.service, AgentProtocol.healthService]

  var isServing: Bool { state.withLock { $0.isServing } }

  /// The agent takes nothing new any more: every watch is told, and ends. May be called again.
  package func drained() {
    let watchers = state.withLock { state in
      state.isServing = false
      defer { state.watchers = [:] }
      return Array(state.watchers.values)
    }
    for watcher in watchers {
      watcher.yield(false)
      watcher.finish()
    }
  }

  /// Whether the agent serves, now and at each change; ends after `drained`. The latest is what counts: none is queued behind it.
  func changes() -> AsyncStream<Bool> {
    let (changes, continuation) = AsyncStream.makeStream(of: Bool.self, bufferingPolicy: .bufferingNewest(1))
    let id = state.withLock { state -> Int? in
      continuation.yield(state.isServing)
      guard state.isServing else { return nil }
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      return state.nextWatcher
    }
    guard let id else {
      continuation.finish()
      return changes
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
    }
    return changes
  }
}
