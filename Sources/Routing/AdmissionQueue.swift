/// An agent's door: which requests are worked on, which wait, which are refused. A value; every method takes an event and
/// `now`, and answers with what is to be done.
///
/// Work is bounded by an adaptive limit, by 8 for one host, and by a quarter of the limit for a host while others wait.
/// Waiting is bounded in number by four times the limit, half of that for one host, and in time by the deadlines: what would come too late is refused
/// at the door, or dropped when its turn comes.
package struct AdmissionQueue: Sendable {
  package enum Action: Sendable, Hashable {
    case start(UInt64)
    /// RESOURCE_EXHAUSTED, with the time after which it may be asked again.
    case shed(UInt64, pushback: Duration)
    /// What remains of its budget is below what such a request takes.
    case tooLate(UInt64)
  }

  private struct Known: Sendable {
    let flow: FlowKey
    let criticality: Criticality
    var started: Timestamp?
    /// Started, and waiting for something that is not the agent.
    var isParked = false
  }

  package static let perHost = 8
  private static let hostShare = 0.25
  private static let queueFactor = 4

  package private(set) var limit: ConcurrencyLimit
  package private(set) var working = 0
  private var lines: [Fairness] = Criticality.allCases.map { _ in Fairness() }
  private var known: [UInt64: Known] = [:]
  private var perHost: [String: Int] = [:]
  /// Requests that wait, by host.
  private var waitingHosts: [String: Int] = [:]
  /// What requests take once they are started, and its median in seconds.
  private var window = LatencyWindow(slot: .seconds(2))
  private var median = 0.0
  private var medianAt: Timestamp?

  package init(limit: ConcurrencyLimit = ConcurrencyLimit()) {
    self.limit = limit
  }

  package var waiting: Int { lines.reduce(0) { $0 + $1.count } }

  // MARK: Events

  /// A request came. It is started, refused, or waits for a later action that names it.
  package mutating func arrived(
    _ id: UInt64, flow: FlowKey, _ criticality: Criticality, deadline: Timestamp, cost: Double = 1, now: Timestamp
  ) -> [Action] {
    guard known[id] == nil else { return [] }
    refreshMedian(now)
    if criticality != .control, deadline.seconds(since: now) < median { return [.tooLate(id)] }
    known[id] = Known(flow: flow, criticality: criticality)
    // Whoever waits has been looked at since the last event: what may work now passes only those whose hosts have enough.
    if waitingHosts[flow.host] == nil, mayWork(criticality), mayServe(flow) {
      begin(id, flow, now: now)
      return [.start(id)]
    }
    // What waits before it is worked off a limit's worth at a time.
    let wait = median * Double(waiting) / Double(max(1, limit.current))
    if criticality != .control, deadline.seconds(since: now) < wait + median {
      known[id] = nil
      return [.tooLate(id)]
    }
    var out: [Action] = []
    let room = Self.queueFactor * limit.current
    let isHostFull = (waitingHosts[flow.host] ?? 0) >= max(1, room / 2)
    if isHostFull || (waiting >= room && !makeRoom(for: criticality, &out)) {
      known[id] = nil
      return [.shed(id, pushback: pushback)]
    }
    lines[Int(criticality.rawValue)].append(.init(id: id, deadline: deadline, cost: cost), flow: flow)
    waitingHosts[flow.host, default: 0] += 1
    serve(&out, now: now)
    return out
  }

  /// A request that was started is done.
  /// - Parameter sample: what it took, connects left out; nil where that says nothing about load.
  package mutating func finished(_ id: UInt64, sample: Double?, now: Timestamp) -> [Action] {
    guard let request = known[id], let started = request.started else { return [] }
    known[id] = nil
    if let sample {
      limit.record(sample, inFlight: working)
      window.record(now.seconds(since: started), now: now)
    }
    if !request.isParked { working -= 1 }
    let left = (perHost[request.flow.host] ?? 1) - 1
    perHost[request.flow.host] = left == 0 ? nil : left
    var out: [Action] = []
    serve(&out, now: now)
    return out
  }

  /// A request that was started waits for what is not the agent's doing: a connection, a command's end. It counts for its
  /// host and no longer in the limit.
  package mutating func parked(_ id: UInt64, now: Timestamp) -> [Action] {
    guard let request = known[id], request.started != nil, !request.isParked else { return [] }
    known[id]?.isParked = true
    working -= 1
    var out: [Action] = []
    serve(&out, now: now)
    return out
  }

  /// It goes on, whatever the limit: it was admitted.
  package mutating func resumed(_ id: UInt64) {
    guard known[id]?.isParked == true else { return }
    known[id]?.isParked = false
    working += 1
  }

  /// A request that waits is no longer wanted, or its deadline has passed. One that was started is told by `finished`.
  package mutating func withdrawn(_ id: UInt64) {
    guard let request = known[id], request.started == nil else { return }
    guard lines[Int(request.criticality.rawValue)].remove(id, flow: request.flow) else { return }
    leftLine(request.flow)
    known[id] = nil
  }

  // MARK: Parts

  private mutating func serve(_ out: inout [Action], now: Timestamp) {
    for criticality in Criticality.allCases {
      let line = Int(criticality.rawValue)
      while lines[line].count > 0, mayWork(criticality) {
        // Taken out meanwhile, since the question who may be served reads the rest.
        var fairness = Fairness()
        swap(&fairness, &lines[line])
        let next = fairness.next { mayServe($0) }
        swap(&fairness, &lines[line])
        guard let next else { break }
        leftLine(next.flow)
        if criticality != .control, next.waiting.deadline.seconds(since: now) < median {
          known[next.waiting.id] = nil
          out.append(.tooLate(next.waiting.id))
          continue
        }
        begin(next.waiting.id, next.flow, now: now)
        out.append(.start(next.waiting.id))
      }
    }
  }

  private mutating func begin(_ id: UInt64, _ flow: FlowKey, now: Timestamp) {
    known[id]?.started = now
    working += 1
    perHost[flow.host, default: 0] += 1
  }

  private mutating func leftLine(_ flow: FlowKey) {
    let left = (waitingHosts[flow.host] ?? 1) - 1
    waitingHosts[flow.host] = left == 0 ? nil : left
  }

  private func mayWork(_ criticality: Criticality) -> Bool {
    Double(working) < max(1, Double(limit.current) * criticality.share)
  }

  private func mayServe(_ flow: FlowKey) -> Bool {
    let working = perHost[flow.host] ?? 0
    guard working < Self.perHost else { return false }
    guard Double(working) >= max(1, Self.hostShare * Double(limit.current)) else { return true }
    return waitingHosts.count <= (waitingHosts[flow.host] == nil ? 0 : 1)
  }

  /// Gives up the least important one that waits, if it is less important.
  private mutating func makeRoom(for criticality: Criticality, _ out: inout [Action]) -> Bool {
    for lesser in Criticality.allCases.reversed() where lesser > criticality {
      guard let latest = lines[Int(lesser.rawValue)].removeLatest() else { continue }
      known[latest.waiting.id] = nil
      leftLine(latest.flow)
      out.append(.shed(latest.waiting.id, pushback: pushback))
      return true
    }
    return false
  }

  /// Until half of the queue has been worked off, between 50 ms and 2 s.
  private var pushback: Duration {
    let rounds = Double(waiting) / Double(max(1, limit.current)) / 2
    return .seconds(min(2, max(0.05, rounds * median)))
  }

  private mutating func refreshMedian(_ now: Timestamp) {
    if let medianAt, now.seconds(since: medianAt) < 0.25 { return }
    medianAt = now
    window.advance(now)
    median = window.quantiles([0.5])?.first ?? 0
  }
}
