import AgentAPI
package import SSH
import SSHConfig
import Synchronization

/// The health of every host that the agent had to do with, by alias.
///
/// Sendable: state behind a lock; called from any task and from event loops.
package final class HealthBook: Sendable {
  private struct Book {
    var hosts: [String: HostHealth] = [:]
    var revision: UInt64 = 0
  }

  private let book = Mutex(Book())
  /// What connects take.
  package let pace = ConnectPace()
  /// Woken when a host went away or came back.
  let wakes = WakeList()

  package init() {}

  /// For the pool, whose hosts these are.
  package var observer: HostObserver {
    { host, event in
      switch event {
      case .connected(let timings):
        self.pace.connected(host.alias, timings)
        self.change(host.alias) { $0.connected(timings, at: .now, revision: $1) }
      case .connectFailed(let error):
        if error.code == .connectTimeout { self.pace.timedOut(host.alias) }
        let error = AgentError(error, since: .now)
        guard error.scope == .host else { return }
        self.failed(host.alias, error, at: .now)
      case .disconnected:
        self.change(host.alias) { $0.disconnected(revision: $1) }
      case .alive:
        self.answered(host.alias, nil, at: .now)
      }
    }
  }

  /// - Parameter timings: nil when they say nothing about the host's pace.
  func answered(_ alias: String, _ timings: CallTimings?, at now: ContinuousClock.Instant) {
    change(alias) { $0.answered(timings, at: now, revision: $1) }
  }

  func failed(_ alias: String, _ error: AgentError, at now: ContinuousClock.Instant) {
    change(alias) { $0.failed(error, at: now, revision: $1) }
  }

  func health(of alias: String) -> HostHealth {
    book.withLock { $0.hosts[alias] } ?? HostHealth()
  }

  /// Grows with every contact, and with every connection that ends: what a watcher remembers to ask for the changes since.
  var revision: UInt64 { book.withLock { $0.revision } }

  /// Aliases of the hosts that were contacted after `revision`, in no order.
  func changed(since revision: UInt64) -> [String] {
    book.withLock { $0.revision == revision ? [] : $0.hosts.filter { $0.value.revision > revision }.map(\.key) }
  }

  /// Forgets hosts that are not served any more.
  func keep(_ aliases: Set<String>) {
    pace.keep(aliases)
    book.withLock { $0.hosts = $0.hosts.filter { aliases.contains($0.key) } }
  }

  private func change(_ alias: String, _ event: (inout HostHealth, UInt64) -> Bool) {
    let isNews = book.withLock {
      $0.revision += 1
      return event(&$0.hosts[alias, default: HostHealth()], $0.revision)
    }
    if isNews { wakes.wake() }
  }
}
