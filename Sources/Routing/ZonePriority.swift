/// How a host's requests are divided over the priorities of its agents. A value.
///
/// `health(P) = min(100, 1.4 * 100 * healthy / total)`; what a priority cannot take spills to the next one. Envoy's
/// priority levels with an overprovisioning factor of 1.4.
package struct ZonePriority: Sendable, Hashable {
  /// Priorities are 0 (nearest) to 3; agents beyond count as 3.
  package static let levels = 4
  private static let overprovisioning = 1.4

  private var healthy: (Int, Int, Int, Int) = (0, 0, 0, 0)
  private var total: (Int, Int, Int, Int) = (0, 0, 0, 0)

  package init() {}

  package mutating func count(priority: Int, isHealthy: Bool) {
    let one = isHealthy ? 1 : 0
    switch priority {
    case ...0: (healthy.0, total.0) = (healthy.0 + one, total.0 + 1)
    case 1: (healthy.1, total.1) = (healthy.1 + one, total.1 + 1)
    case 2: (healthy.2, total.2) = (healthy.2 + one, total.2 + 1)
    default: (healthy.3, total.3) = (healthy.3 + one, total.3 + 1)
    }
  }

  /// 0...1: the part of the load that the priority can take by itself.
  package func health(_ priority: Int) -> Double {
    let (healthy, total) =
      switch priority {
      case ...0: (healthy.0, total.0)
      case 1: (healthy.1, total.1)
      case 2: (healthy.2, total.2)
      default: (healthy.3, total.3)
      }
    return total == 0 ? 0 : min(1, Self.overprovisioning * Double(healthy) / Double(total))
  }

  /// The share of each priority, adding up to 1 where any has health at all.
  package func shares() -> [Double] {
    let health = (0..<Self.levels).map(health)
    let available = min(1, health.reduce(0, +))
    var left = 1.0
    return health.map { one in
      guard available > 0 else { return 0 }
      let share = min(left, one / available)
      left -= share
      return share
    }
  }

  /// The priority that serves a host at `position` (0..<1); nil where no agent is healthy.
  ///
  /// A host keeps its position: while nothing changes, all its requests stay in one zone, where it is warm.
  package func choose(position: Double) -> Int? {
    let available = min(1, health(0) + health(1) + health(2) + health(3))
    guard available > 0 else { return nil }
    var reached = 0.0
    var last: Int?
    for priority in 0..<Self.levels {
      let share = health(priority) / available
      guard share > 0 else { continue }
      reached += share
      last = priority
      if position < reached { return priority }
    }
    return last
  }

  package static func == (left: ZonePriority, right: ZonePriority) -> Bool {
    left.healthy == right.healthy && left.total == right.total
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(healthy.0)
    hasher.combine(total.0)
  }
}
