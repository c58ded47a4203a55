/// A new agent among established ones takes over its hosts one after the other: 10 % of them at once, all after 30 s. A
/// value.
///
/// Envoy's slow start scales a weight, `max(0.10, t / window)`. Here the weight decides which hosts may choose the agent
/// at all, by their own stable position: the share rises as the weight does at any load, a host that has moved stays
/// moved, and the newcomer's handshakes are spread over the window.
package struct SlowStart: Sendable, Hashable {
  private let began: Timestamp
  private let ends: Timestamp
  private let least: Double

  package init(began: Timestamp, window: Duration, least: Double) {
    self.began = began
    ends = began.advanced(by: window)
    self.least = least
  }

  package func weight(now: Timestamp) -> Double {
    guard now < ends else { return 1 }
    return max(least, now.seconds(since: began) / ends.seconds(since: began))
  }

  /// - Parameter position: the host's, from `Rendezvous.position`.
  package func admits(position: Double, now: Timestamp) -> Bool {
    now >= ends || position < weight(now: now)
  }
}
