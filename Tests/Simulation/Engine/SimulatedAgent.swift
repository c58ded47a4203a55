import Routing

/// One agent: its faults, its line, what it remembers. A value.
struct SimulatedAgent {
  var isThere = true
  var isHung = false
  var isDraining = false
  /// Everything takes so many times as long.
  var slowness = 1.0
  /// The share of requests that fail at once.
  var failing = 0.0

  var working = 0
  private var line: [Int] = []
  private var head = 0
  /// Connections that stand, by host; empty where connections cost nothing.
  var warm: [Bool] = []
  var admission: AdmissionQueue?
  var pool: PoolModel?
  /// Request ids that began here; true once they are done.
  var journal: [Int: Bool] = [:]

  mutating func enqueue(_ attempt: Int) { line.append(attempt) }

  mutating func dequeue() -> Int? {
    guard head < line.count else { return nil }
    let attempt = line[head]
    head += 1
    if head > 1_024, head * 2 > line.count {
      line.removeFirst(head)
      head = 0
    }
    return attempt
  }

  mutating func clearLine() {
    line = []
    head = 0
  }
}

/// One coordinator's own state. Confined to its world's thread.
final class SimulatedCoordinator {
  var router: Router
  var hosts: [HostIndex] = []
  var baseline: Baseline

  init(router: consuming Router, baseline: Baseline) {
    self.router = router
    self.baseline = baseline
  }
}
