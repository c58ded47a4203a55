import AgentAPI
import Synchronization

/// The health of every host that the agent had to do with, by alias.
///
/// Sendable: state behind a lock; called from any task.
final class HealthBook: Sendable {
  private struct Book {
    var hosts: [String: HostHealth] = [:]
    var revision: UInt64 = 0
  }

  private let book = Mutex(Book())

  func answered(_ alias: String, after duration: Duration?, at now: ContinuousClock.Instant) {
    book.withLock {
      $0.revision += 1
      $0.hosts[alias, default: HostHealth()].answered(after: duration, at: now, revision: $0.revision)
    }
  }

  func failed(_ alias: String, _ error: AgentError, at now: ContinuousClock.Instant) {
    book.withLock {
      $0.revision += 1
      $0.hosts[alias, default: HostHealth()].failed(error, at: now, revision: $0.revision)
    }
  }

  func state(of alias: String, at now: ContinuousClock.Instant) -> HostState {
    (book.withLock { $0.hosts[alias] } ?? HostHealth()).state(at: now)
  }

  /// Grows with every contact: what a watcher remembers to ask for the changes since.
  var revision: UInt64 { book.withLock { $0.revision } }

  /// Aliases of the hosts that were contacted after `revision`, in no order.
  func changed(since revision: UInt64) -> [String] {
    book.withLock { $0.revision == revision ? [] : $0.hosts.filter { $0.value.revision > revision }.map(\.key) }
  }

  /// Forgets hosts that are not served any more.
  func keep(_ aliases: Set<String>) {
    book.withLock { $0.hosts = $0.hosts.filter { aliases.contains($0.key) } }
  }
}
