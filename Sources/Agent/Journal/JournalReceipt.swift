import AgentAPI
import Synchronization

/// That a record will have been written, or why it was not. Sendable: state behind a lock.
final class JournalReceipt: Sendable {
  private enum State {
    /// Can transition to: awaited, known.
    case open
    /// Can transition to: known.
    case awaited(CheckedContinuation<AgentError?, Never>)
    /// With what failed.
    case known(AgentError?)
  }

  private let state = Mutex(State.open)

  /// Returns when the record is on the disk. Once. Not cut short by cancellation: whoever waits has to know.
  func written() async throws(AgentError) {
    let failure = await withCheckedContinuation { continuation in
      let known = state.withLock { state -> AgentError?? in
        if case .known(let failure) = state { return .some(failure) }
        state = .awaited(continuation)
        return nil
      }
      if let known { continuation.resume(returning: known) }
    }
    if let failure { throw failure }
  }

  /// Once.
  func complete(_ failure: AgentError?) {
    let waiting = state.withLock { state -> CheckedContinuation<AgentError?, Never>? in
      defer { state = .known(failure) }
      if case .awaited(let continuation) = state { return continuation }
      return nil
    }
    waiting?.resume(returning: failure)
  }
}
