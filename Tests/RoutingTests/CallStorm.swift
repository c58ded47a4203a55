import Routing

/// One random life of a small fleet and its calls: a driver, agents with journals, and a memory of everything that may not
/// happen. The same seed gives the same life.
struct CallStorm: ~Copyable {
  private struct Call {
    var machine: CallMachine
    var wake: Timestamp?
    var open: Set<Int> = []
    var asking: Int?
    var completions = 0
    var starts = 0
    var effects = 0
    /// Attempts that began to run at their agent.
    var ran: Set<Int> = []
    var agents: [Int: Int] = [:]
  }

  private static let agents = 5
  private var random: Mix64
  private var router: Router
  private var now = Timestamp.zero
  private var calls: [Call] = []
  private var probes: [AttemptID] = []
  private var draining: Set<Int> = []
  private(set) var violation: String?
  private(set) var log: [String] = []
  private let keepsLog: Bool

  init(seed: UInt64, keepsLog: Bool = false) {
    random = Mix64(seed: seed)
    self.keepsLog = keepsLog
    router = Router(random: Mix64(seed: seed &+ 1))
    for agent in 0..<Self.agents {
      let joined = router.agentJoined(agent, name: "a\(agent)", priority: Int(random.next() % 2), now: now)
      if !joined { violation = "agent \(agent) was refused" }
      let hosts = (0..<4).map { AdvertisedHost("h\($0)", isWarm: random.next() % 2 == 0) }
      router.inventoryReceived(agent, hosts.filter { _ in random.next() % 4 != 0 }, now: now)
    }
  }

  /// The first violation, or nil.
  mutating func run() -> String? {
    for _ in 0..<(10 + random.next() % 40) {
      step()
      if violation != nil { return violation }
    }
    now = now.advanced(by: .seconds(1_000))
    for index in calls.indices { wake(index) }
    for probe in probes { router.attemptEnded(probe, .abandoned, now: now) }
    for (index, call) in calls.enumerated() where call.completions != 1 {
      return "call \(index) completed \(call.completions) times"
    }
    for agent in 0..<Self.agents where router.inFlight(agent: agent) != 0 { return "agent \(agent) is not at rest" }
    return router.attemptsUnderWay == 0 ? violation : "\(router.attemptsUnderWay) attempts are left"
  }

  private mutating func roll(_ sides: UInt64) -> Int { Int(random.next() % sides) }

  private mutating func step() {
    switch roll(16) {
    case 0..<4: begin()
    case 4..<6: anAttempt { $0.answer($1, $2) }
    case 6..<9: anAttempt { $0.fail($1, $2) }
    case 9: anAttempt { $0.accept($1, $2) }
    case 10: if let index = aCall(where: { $0.asking != nil }) { tellStatus(index) }
    case 11: if let index = aCall(where: { $0.completions == 0 }), roll(3) == 0 { cancel(index) }
    case 12..<14: pass()
    case 14: disturb()
    default: tick()
    }
  }

  private mutating func begin() {
    guard let host = router.host(named: "h\(roll(4))") else { return }
    let classes: [RequestClass] = [.read, .read, .idempotentWrite, .effect]
    let deadline = now.advanced(by: .milliseconds(100 + roll(20_000)))
    compareExplanation(host)
    let machine = CallMachine(host: host, .stat, classes[roll(4)], deadline: deadline)
    calls.append(Call(machine: machine))
    if keepsLog { log.append("call \(calls.count - 1) \(machine.requestClass)") }
    apply(calls.count - 1, calls[calls.count - 1].machine.started(&router, now: now))
  }

  /// What is explained is what is done; ejection binds outside of panic, and never leaves nobody to ask.
  private mutating func compareExplanation(_ host: HostIndex) {
    guard let seen = router.explain(host, .stat, now: now), seen.failing == nil else { return }
    let picked = try? router.pick(host, .stat, now: now)
    if seen.chosen?.agent != picked?.agent {
      violation = "explained \(seen.chosen?.name ?? "nobody"), picked \(picked.map { "a\($0.agent)" } ?? "nobody")"
    }
    if !seen.isPanic, seen.chosen?.standing == .ejected { violation = "an ejected agent was chosen without panic" }
    if picked == nil, seen.routes.contains(where: { $0.standing == .ejected || $0.standing == .usable }) {
      violation = "nobody was asked, and somebody could have been"
    }
  }

  private mutating func answer(_ index: Int, _ number: Int) {
    if keepsLog { log.append("answered \(index)/\(number)") }
    calls[index].open.remove(number)
    runOnce(index, number)
    apply(index, calls[index].machine.attemptAnswered(number, AttemptTimings(), &router, now: now))
  }

  private mutating func accept(_ index: Int, _ number: Int) {
    if keepsLog { log.append("accepted \(index)/\(number)") }
    runOnce(index, number)
    apply(index, calls[index].machine.attemptAccepted(number, &router, now: now))
  }

  private mutating func fail(_ index: Int, _ number: Int) {
    let kinds: [AttemptFailure.Kind] = [.agent, .agent, .host(reason: "refused"), .shed, .unprocessed]
    let kind = kinds[roll(5)]
    let hasRun = calls[index].ran.contains(number)
    let mayHaveRun = kind != .unprocessed && (hasRun || roll(2) == 0)
    if kind == .unprocessed && hasRun { return }
    if mayHaveRun, roll(2) == 0 { runOnce(index, number) }
    let pushbacks: [AttemptFailure.Pushback?] = [nil, nil, .after(.milliseconds(300)), .never]
    if keepsLog { log.append("failed \(index)/\(number) \(kind), may have run: \(mayHaveRun)") }
    calls[index].open.remove(number)
    let failure = AttemptFailure(kind, mayHaveRun: mayHaveRun, pushback: pushbacks[roll(4)])
    apply(index, calls[index].machine.attemptFailed(number, failure, &router, now: now))
  }

  /// As the agent's journal knows it.
  private mutating func tellStatus(_ index: Int) {
    guard let number = calls[index].asking else { return }
    calls[index].asking = nil
    let known: RequestStatus? = calls[index].ran.contains(number) ? [.running, .done, .unknown][roll(3)] : .absent
    let status = roll(4) == 0 ? nil : known
    if keepsLog { log.append("status \(index)/\(number): \(status.map { $0.rawValue } ?? "none")") }
    apply(index, calls[index].machine.statusAnswered(number, status, &router, now: now))
  }

  private mutating func cancel(_ index: Int) {
    if keepsLog { log.append("cancelled \(index)") }
    apply(index, calls[index].machine.callerCancelled(&router, now: now))
  }

  private mutating func runOnce(_ index: Int, _ number: Int) {
    guard calls[index].ran.insert(number).inserted, calls[index].agents[number] != nil else { return }
    calls[index].effects += 1
  }

  private mutating func pass() {
    now = now.advanced(by: .milliseconds(roll(3_000)))
    for index in calls.indices where calls[index].wake.map({ $0 <= now }) ?? false { wake(index) }
  }

  private mutating func wake(_ index: Int) {
    if keepsLog { log.append("timer of \(index) at \(now.nanoseconds / 1_000_000)") }
    apply(index, calls[index].machine.timerFired(&router, now: now))
  }

  private mutating func tick() {
    for probe in router.timerFired(now: now).probes { probes.append(probe.attempt) }
    guard let probe = probes.popLast() else { return }
    router.attemptEnded(probe, roll(2) == 0 ? .answered(AttemptTimings()) : .agentFailed, now: now)
  }

  private mutating func disturb() {
    let agent = roll(UInt64(Self.agents))
    switch roll(5) {
    case 0:
      router.drainingBegan(agent)
      draining.insert(agent)
    case 1:
      router.linkLost(agent, now: now)
    case 2:
      _ = router.agentJoined(agent, name: "a\(agent)", now: now)
      draining.remove(agent)
    case 3:
      router.heartbeat(agent, isOverloaded: roll(2) == 0, isDraining: draining.contains(agent), now: now)
    default:
      router.inventoryChanged(agent, added: [AdvertisedHost("h\(roll(4))")], removed: ["h\(roll(4))"], now: now)
    }
  }

  private mutating func aCall(where condition: (Call) -> Bool) -> Int? {
    let found = calls.indices.filter { condition(calls[$0]) }
    return found.isEmpty ? nil : found[roll(UInt64(found.count))]
  }

  private mutating func anAttempt(_ event: (inout CallStorm, Int, Int) -> Void) {
    guard let index = aCall(where: { !$0.open.isEmpty }), let number = calls[index].open.min() else { return }
    event(&self, index, number)
  }

  // MARK: Actions

  private mutating func apply(_ index: Int, _ actions: CallActions) {
    calls[index].wake = actions.wake
    for action in actions.list {
      if keepsLog { log.append("  \(index): \(action)") }
      if calls[index].completions > 0 { violation = "call \(index) goes on after its end: \(action)" }
      switch action {
      case .start(let order): start(index, order)
      case .cancel(let number):
        if calls[index].open.remove(number) == nil { violation = "call \(index) cancels \(number), which is not open" }
      case .askStatus(_, let number, let timeout):
        calls[index].asking = number
        if timeout <= .zero { violation = "call \(index) asks without time" }
      case .complete: calls[index].completions += 1
      }
    }
    if calls[index].completions > 0, !calls[index].open.isEmpty { violation = "call \(index) ends with open attempts" }
    if calls[index].completions == 0, calls[index].wake == nil { violation = "call \(index) has no timer" }
    if let wake = calls[index].wake, wake > calls[index].machine.deadline {
      violation = "call \(index) outlives itself"
    }
  }

  private mutating func start(_ index: Int, _ order: AttemptOrder) {
    let requestClass = calls[index].machine.requestClass
    calls[index].starts += 1
    calls[index].open.insert(order.number)
    if order.purpose != .attach { calls[index].agents[order.number] = order.agent }
    if order.purpose == .attach { calls[index].ran.insert(order.number) }
    if calls[index].open.count > 2 { violation = "call \(index) has \(calls[index].open.count) attempts" }
    if calls[index].starts > 4 { violation = "call \(index) made \(calls[index].starts) attempts" }
    if calls[index].open.count > 1, requestClass != .read { violation = "call \(index) is hedged" }
    if draining.contains(order.agent), order.purpose != .attach { violation = "a draining agent was chosen" }
    if now >= calls[index].machine.deadline { violation = "call \(index) starts after its deadline" }
    if requestClass == .effect, order.purpose == .retry, calls[index].effects > 0 {
      violation = "call \(index) runs twice"
    }
  }
}
