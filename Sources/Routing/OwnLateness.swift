/// How late the observer itself runs, so that its own stall is not blamed on the agents. A value.
///
/// Lifeguard (HashiCorp, 2017) multiplies a failure detector's patience by the observer's own ill health; here health is
/// how late the observer's regular timer came.
package struct OwnLateness: Sendable, Hashable {
  /// Seconds over which an observed stall is forgotten.
  private static let tau = 5.0
  /// However late the observer runs, silence counts at least at a quarter.
  private static let most = 4.0

  private let interval: Double
  private var late = PeakEwma()
  private var last: Timestamp?

  /// - Parameter interval: how often `ticked` should come.
  package init(interval: Duration) {
    self.interval = interval.inSeconds
  }

  package mutating func ticked(now: Timestamp) {
    if let last {
      let over = now.seconds(since: last) - interval
      late.record(over > interval ? over : 0, now: now, tau: Self.tau)
    }
    last = now
  }

  /// 1 on time, up to 4: what a silence is divided by. One heartbeat interval (0.5 s) late doubles the patience.
  package func factor(now: Timestamp) -> Double {
    var over = late.hasHistory ? late.value(now: now, tau: Self.tau) : 0
    if let last { over = max(over, now.seconds(since: last) - 2 * interval) }
    return min(Self.most, 1 + over / 0.5)
  }
}
