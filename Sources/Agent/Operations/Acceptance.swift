import AgentAPI
import Synchronization

/// Says once that the host took a command, before the first event that shows it.
///
/// Sendable: state behind a lock. `announce` is called by one task at a time.
final class Acceptance: Sendable {
  private let sink: ReplySink<RunEvent>
  private let isAnnounced = Mutex(false)

  init(sink: @escaping ReplySink<RunEvent>) { self.sink = sink }

  func announce() async throws {
    guard
      isAnnounced.withLock({ announced in
        defer { announced = true }
        return !announced
      })
    else { return }
    var event = RunEvent()
    event.accepted = RunAccepted()
    try await sink(event)
  }
}
