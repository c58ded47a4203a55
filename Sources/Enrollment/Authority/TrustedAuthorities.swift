package import FoundationEssentials
import Synchronization

/// The authorities that this process trusts at this moment: one, or two while they are rotated. Sendable: state behind a lock.
package final class TrustedAuthorities: Sendable {
  private struct State {
    var all: [AuthorityCertificate]
    var retired: [AuthorityCertificate] = []
  }

  private let state: Mutex<State>

  package init(_ authorities: [AuthorityCertificate]) {
    state = Mutex(State(all: authorities))
  }

  package var all: [AuthorityCertificate] { state.withLock { $0.all } }

  /// - Returns: Whether these are others than before.
  @discardableResult
  package func replace(_ authorities: [AuthorityCertificate]) -> Bool {
    state.withLock { state in
      guard Set(state.all) != Set(authorities) else { return false }
      state.retired = (state.retired + state.all).filter { !authorities.contains($0) }
      state.all = authorities
      return true
    }
  }

  /// Which of them `leaf` is of, valid at `now`. Says nothing of revocation.
  ///
  /// - Throws: `notOurs`, `notYetValid`, `expired`.
  @discardableResult
  package func check(_ leaf: LeafCertificate, now: Date) throws(EnrollmentError) -> AuthorityCertificate {
    try all.check(leaf, now: now)
  }

  /// Whether `leaf` was good until its authority was retired here: a link by it may end what it does.
  package func isRetired(_ leaf: LeafCertificate, now: Date) -> Bool {
    (try? state.withLock({ $0.retired }).check(leaf, now: now)) != nil
  }
}
