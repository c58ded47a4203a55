import Synchronization

/// Lets one attempt's answer through at a time: the one whose first message comes first. Sendable: state behind a lock.
///
/// Two attempts of a call may answer at nearly the same time, and what they bring goes into the same place: only one may. Where
/// the one that was let through fails, it is closed, and another may bring the whole answer anew.
final class AnswerGate: Sendable {
  private struct State {
    var winner: Int?
    /// At most as many as a call makes attempts.
    var closed: Set<Int> = []
  }

  private let state = Mutex(State())
  private let opened: @Sendable (Int) -> Void

  /// - Parameter opened: told each attempt that may go on, once; called with the gate's lock held.
  init(opened: @escaping @Sendable (Int) -> Void = { _ in }) {
    self.opened = opened
  }

  /// Takes one message of an attempt. No other attempt's is taken meanwhile.
  ///
  /// - Parameter body: takes it; is told whether it is the attempt's first, so that all that was taken before is void. Must not block.
  /// - Throws: CancellationError where this attempt's answer is not wanted; what `body` throws.
  func take(_ attempt: Int, _ body: (_ isFirst: Bool) throws -> Void) throws {
    try state.withLock { state in
      guard !state.closed.contains(attempt), state.winner ?? attempt == attempt else { throw CancellationError() }
      let isFirst = state.winner == nil
      if isFirst {
        state.winner = attempt
        opened(attempt)
      }
      try body(isFirst)
    }
  }

  /// Nothing more of this attempt is taken, whatever comes of it.
  func close(_ attempt: Int) {
    state.withLock { state in
      state.closed.insert(attempt)
      if state.winner == attempt { state.winner = nil }
    }
  }
}
