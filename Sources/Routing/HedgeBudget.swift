/// How many hedges may be sent: 2 % of the calls, saved up to a small burst. A value.
package struct HedgeBudget: Sendable, Hashable {
  /// Hedges per call in the long run.
  package let share: Double
  private let capacity: Double
  private var tokens: Double

  /// - Parameter capacity: tokens that can be saved; half of them are never spent.
  package init(share: Double, capacity: Double) {
    self.share = share
    self.capacity = capacity
    tokens = capacity
  }

  package mutating func callStarted() { tokens = min(capacity, tokens + share) }

  /// Hedging is off when half of it is spent.
  package var allows: Bool { tokens - 1 >= capacity / 2 }

  package mutating func spend() { tokens -= 1 }
}
