/// How many retries and hedges may be sent: a fifth of the calls of the last 10 s and 10 a second besides. A value.
///
/// Finagle's RetryBudget. As in gRPC's retry throttling (A6), an attempt that was shed or timed out takes from the budget
/// even when it is not retried: where everybody is overloaded, nothing is left to add to the load.
package struct RetryBudget: Sendable, Hashable {
  private static let slots = 10

  private let share: Double
  private let perSecond: Double
  /// Balance of each second of the window.
  private var balances = [Double](repeating: 0, count: slots)
  private var newest: Int64 = 0
  private var sum = 0.0

  package init(share: Double, perSecond: Double) {
    self.share = share
    self.perSecond = perSecond
  }

  package mutating func callStarted(now: Timestamp) { add(share, now: now) }

  /// An attempt was shed or timed out.
  package mutating func overloadSeen(now: Timestamp) {
    if balance(now: now) > 0 { add(-1, now: now) }
  }

  /// Whether a further attempt may be made now; if so it is paid for.
  package mutating func spend(now: Timestamp) -> Bool {
    guard balance(now: now) >= 1 else { return false }
    add(-1, now: now)
    return true
  }

  package mutating func balance(now: Timestamp) -> Double {
    advance(now)
    return sum + perSecond * Double(Self.slots)
  }

  private mutating func add(_ amount: Double, now: Timestamp) {
    advance(now)
    balances[Int(newest % Int64(Self.slots))] += amount
    sum += amount
  }

  private mutating func advance(_ now: Timestamp) {
    let slot = now.nanoseconds / 1_000_000_000
    guard slot > newest else { return }
    for past in max(newest + 1, slot - Int64(Self.slots) + 1)...slot { balances[Int(past % Int64(Self.slots))] = 0 }
    newest = slot
    sum = balances.reduce(0, +)
  }
}
