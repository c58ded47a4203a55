import Synchronization

/// Lets one attempt's answer through: the one whose first message comes first. Sendable: state behind a lock.
///
/// Two attempts of a call may answer at nearly the same time, and what they bring goes into the same place: only one may.
final class AnswerGate: Sendable {
  private let winner = Mutex<Int?>(nil)
  private let opened: @Sendable (Int) -> Void

  /// - Parameter opened: told once, with the attempt that may go on.
  init(opened: @escaping @Sendable (Int) -> Void) {
    self.opened = opened
  }

  /// Called before each message of an attempt is taken.
  ///
  /// - Throws: CancellationError: another attempt was first, this one's answer is not wanted.
  func admit(_ attempt: Int) throws(CancellationError) {
    let (isAdmitted, isFirst) = winner.withLock { winner -> (Bool, Bool) in
      guard let first = winner else {
        winner = attempt
        return (true, true)
      }
      return (first == attempt, false)
    }
    if isFirst { opened(attempt) }
    if !isAdmitted { throw CancellationError() }
  }
}
