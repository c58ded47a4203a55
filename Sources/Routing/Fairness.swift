/// Whose turn it is among those that wait: deficit round robin over flows, by deadline within one. A value.
///
/// A flow with many requests waits behind itself, not before the others; one with dear requests comes to turn less often.
/// Shreedhar, Varghese: Efficient Fair Queuing Using Deficit Round Robin (1996).
package struct Fairness: Sendable {
  package struct Waiting: Sendable, Hashable {
    package let id: UInt64
    package let deadline: Timestamp
    /// 1 for an ordinary request, at most 16.
    package let cost: Double

    package init(id: UInt64, deadline: Timestamp, cost: Double = 1) {
      self.id = id
      self.deadline = deadline
      self.cost = min(16, max(0, cost))
    }
  }

  private struct Line: Sendable {
    var waiting: [Waiting] = []
    var deficit = 0.0
  }

  private static let quantum = 1.0

  private var lines: [FlowKey: Line] = [:]
  /// Flows that wait, in the order of their turns.
  private var ring: [FlowKey] = []
  package private(set) var count = 0

  package init() {}

  package mutating func append(_ waiting: Waiting, flow: FlowKey) {
    if lines[flow] == nil { ring.append(flow) }
    let list = lines[flow, default: Line()].waiting
    let place = list.firstIndex { waiting.deadline < $0.deadline } ?? list.count
    lines[flow, default: Line()].waiting.insert(waiting, at: place)
    count += 1
  }

  package mutating func remove(_ id: UInt64, flow: FlowKey) -> Bool {
    guard let place = lines[flow]?.waiting.firstIndex(where: { $0.id == id }) else { return false }
    lines[flow]?.waiting.remove(at: place)
    count -= 1
    dropIfEmpty(flow)
    return true
  }

  /// The next one whose host may be served, taken out.
  package mutating func next(where mayServe: (FlowKey) -> Bool) -> (flow: FlowKey, waiting: Waiting)? {
    var passed = 0
    while passed < ring.count, let flow = ring.first {
      guard mayServe(flow), let first = lines[flow]?.waiting.first else {
        turn()
        passed += 1
        continue
      }
      let deficit = lines[flow]?.deficit ?? 0
      guard deficit >= first.cost else {
        lines[flow]?.deficit = deficit + Self.quantum
        passed = 0
        // Its turn lasts if that was enough; else the next flow's begins.
        if deficit + Self.quantum < first.cost { turn() }
        continue
      }
      lines[flow]?.deficit = deficit - first.cost
      lines[flow]?.waiting.removeFirst()
      count -= 1
      if deficit - first.cost < Self.quantum / 2 { turn() }
      dropIfEmpty(flow)
      return (flow, first)
    }
    return nil
  }

  /// The one with the latest deadline, taken out: who is given up when somebody more important comes.
  package mutating func removeLatest() -> (flow: FlowKey, waiting: Waiting)? {
    var latest: (flow: FlowKey, waiting: Waiting)?
    for flow in ring {
      guard let last = lines[flow]?.waiting.last else { continue }
      if latest.map({ $0.waiting.deadline < last.deadline }) ?? true { latest = (flow, last) }
    }
    if let latest { _ = remove(latest.waiting.id, flow: latest.flow) }
    return latest
  }

  private mutating func turn() {
    guard !ring.isEmpty else { return }
    ring.append(ring.removeFirst())
  }

  private mutating func dropIfEmpty(_ flow: FlowKey) {
    guard lines[flow]?.waiting.isEmpty == true else { return }
    lines[flow] = nil
    ring.removeAll { $0 == flow }
  }
}

/// What is kept apart for fairness: one principal's requests to one host.
package struct FlowKey: Sendable, Hashable {
  package let principal: String
  package let host: String

  package init(principal: String, host: String) {
    self.principal = principal
    self.host = host
  }
}
