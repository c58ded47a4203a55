import Synchronization

/// How the client of a call left, for a handler that was cancelled. Sendable: an atomic.
package final class CallFate: Sendable {
  private let lost = Atomic<Bool>(false)

  package init() {}

  /// The connection ended under the call; its client may come back. False where it gave up.
  package var isLinkLost: Bool { lost.load(ordering: .acquiring) }

  func linkLost() { lost.store(true, ordering: .releasing) }
}
