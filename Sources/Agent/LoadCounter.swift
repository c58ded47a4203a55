import AgentAPI
import Synchronization

/// The requests that the agent has had and has. Sendable: atomics.
final class LoadCounter: Sendable {
  private let inFlight = Atomic<Int>(0)
  private let begun = Atomic<UInt64>(0)
  private let failures = Atomic<UInt64>(0)

  func started() {
    begun.add(1, ordering: .relaxed)
    inFlight.add(1, ordering: .relaxed)
  }

  func finished() { inFlight.subtract(1, ordering: .relaxed) }

  func failed() {
    failures.add(1, ordering: .relaxed)
    finished()
  }

  var isBusy: Bool { inFlight.load(ordering: .relaxed) > 0 }

  var figures: LoadFigures {
    var figures = LoadFigures()
    figures.inFlight = UInt32(clamping: inFlight.load(ordering: .relaxed))
    figures.started = begun.load(ordering: .relaxed)
    figures.failed = failures.load(ordering: .relaxed)
    return figures
  }
}
