/// Whether an agent refuses so much that to send it what another refused would only add to the load. A value.
///
/// gRPC's retry throttling (A6), kept for each agent: a refusal or a timeout takes a token, an answer gives 0.03 of one,
/// and below half nothing is sent a second time. So a refusal is retried while one agent alone is overloaded, and not
/// while all are.
package struct ShedThrottle: Sendable, Hashable {
  private static let most = 20.0
  /// For each answer.
  private static let share = 0.03
  /// An agent that is hardly asked is tried again all the same.
  private static let perSecond = 1.0

  private var tokens = most
  private var stamp = Timestamp.zero

  package init() {}

  package func isOn(now: Timestamp) -> Bool { balance(now) < Self.most / 2 }

  package mutating func answered(now: Timestamp) { set(balance(now) + Self.share, now) }

  package mutating func shed(now: Timestamp) { set(balance(now) - 1, now) }

  private func balance(_ now: Timestamp) -> Double {
    min(Self.most, tokens + Self.perSecond * now.seconds(since: stamp))
  }

  private mutating func set(_ balance: Double, _ now: Timestamp) {
    tokens = min(Self.most, max(0, balance))
    stamp = max(stamp, now)
  }
}
