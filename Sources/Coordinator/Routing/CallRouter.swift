import AgentAPI
package import Routing
import Synchronization

/// Keeps what is known of agents' speed and health, and sends each call to the agent that serves it best. Sendable: state behind
/// a lock.
///
/// `Router` and `CallMachine` decide; this tells them what happens and does what they say. For a host that one agent alone
/// reaches nothing is decided; what is asked of it is measured all the same (`DirectAttempt`).
package final class CallRouter: Sendable {
  private struct State: ~Copyable {
    var router: Router
    /// The last failure of each host that is the host's own, for those that are told instead of being let through.
    var hostErrors: [String: AgentError] = [:]
    /// Calls with an attempt at each agent, by the number of the call.
    var listeners: [UInt64: @Sendable (Int) -> Void] = [:]
    var lastListener: UInt64 = 0
    /// Segments in the order of their first appearance: agents of one are near each other.
    var zones: [String: Int] = [:]
    var present: Set<Int> = []
  }

  package let links: LinkTable
  private let origin = ContinuousClock.now
  private let state: Mutex<State>

  package init(links: LinkTable, settings: RoutingSettings = RoutingSettings()) {
    self.links = links
    state = Mutex(State(router: Router(settings: settings, random: Mix64(seed: .random(in: .min ... .max)))))
  }

  var now: Timestamp { Timestamp(origin.duration(to: .now)) }

  func timestamp(_ instant: ContinuousClock.Instant) -> Timestamp { Timestamp(origin.duration(to: instant)) }

  func instant(_ timestamp: Timestamp) -> ContinuousClock.Instant {
    origin + .nanoseconds(timestamp.nanoseconds)
  }

  /// One decision, under the lock.
  func decide<Decision>(_ body: (inout Router, Timestamp) -> Decision) -> Decision {
    let now = now
    return state.withLock { body(&$0.router, now) }
  }

  func isDraining(_ agent: Int) -> Bool {
    decide { router, now in router.standing(of: agent, now: now) == .draining }
  }

  // MARK: What the directory hears

  /// - Parameter hosts: all that it serves.
  func agentHeard(_ agent: Int, segment: String, _ hosts: [ReportedHost]) {
    let now = now
    let name = links[agent].name
    let priority = links[agent].priority
    let hosts = hosts.map {
      AdvertisedHost(Self.name(HostID(segment: segment, alias: $0.alias)), isWarm: $0.isConnected)
    }
    state.withLock { state in
      let zone = state.zones[segment] ?? state.zones.count
      state.zones[segment] = zone
      if state.present.insert(agent).inserted {
        state.router.agentJoined(agent, name: name, zone: zone, priority: priority, now: now)
      }
      state.router.inventoryReceived(agent, hosts, now: now)
      for name in Array(state.hostErrors.keys) where state.router.host(named: name) == nil {
        state.hostErrors[name] = nil
      }
    }
  }

  /// What changed in an inventory that was told of.
  ///
  /// - Parameter placed: hosts that are new, or not what they were.
  func inventoryChanged(_ agent: Int, segment: String, placed: [String], gone: Set<String>) {
    let now = now
    func name(_ alias: String) -> String { Self.name(HostID(segment: segment, alias: alias)) }
    state.withLock { state in
      state.router.inventoryChanged(
        agent, added: placed.map { AdvertisedHost(name($0)) }, removed: gone.map(name), now: now)
      for alias in gone where state.router.host(named: name(alias)) == nil { state.hostErrors[name(alias)] = nil }
    }
  }

  /// Hosts that an agent told anew of.
  func hostsChanged(_ agent: Int, segment: String, _ hosts: [ReportedHost]) {
    decide { router, _ in
      for host in hosts {
        guard let isConnected = host.isConnected,
          let index = router.host(named: Self.name(HostID(segment: segment, alias: host.alias)))
        else { continue }
        router.warmthChanged(agent, host: index, isWarm: isConnected)
      }
    }
  }

  func heartbeat(_ agent: Int, _ heartbeat: Heartbeat) {
    // Short of the limit itself: the last of it is kept for what matters most (`Criticality.share`).
    let load = heartbeat.load
    let isOverloaded = load.limit > 0 && Double(load.inFlight) >= 0.9 * Double(load.limit)
    let connectLimit = heartbeat.connectLimitMs > 0 ? Double(min(heartbeat.connectLimitMs, 600_000)) / 1000 : nil
    decide { router, now in
      router.heartbeat(
        agent, isOverloaded: isOverloaded, isDraining: heartbeat.draining, connectLimit: connectLimit, now: now)
    }
  }

  /// Nothing new goes there until it is heard again. What it has begun may end: an agent that drains finishes it, and a link that
  /// broke says so itself.
  func agentLost(_ agent: Int) {
    let now = now
    state.withLock { state in
      state.present.remove(agent)
      state.router.linkLost(agent, now: now)
    }
  }

  /// Nothing goes there, and nothing is known of its hosts, until it is heard again.
  func agentRemoved(_ agent: Int) {
    let now = now
    state.withLock { state in
      state.present.remove(agent)
      state.router.linkLost(agent, now: now)
      state.router.inventoryReceived(agent, [], now: now)
    }
  }

  // MARK: Time

  /// Looks for silent agents and asks slow ones how they are, until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        try? await Task.sleep(for: decide { router, _ in router.settings.tick })
        let actions = decide { router, now in router.timerFired(now: now) }
        for agent in actions.dead { tellDead(agent) }
        for probe in actions.probes { group.addTask { await self.perform(probe) } }
      }
    }
  }

  private func perform(_ probe: Router.ProbeOrder) async {
    let context = CallContext(
      deadline: .now + .seconds(probe.timeout), requestID: "probe-\(links[probe.agent].name)", importance: .control)
    let outcome: AttemptOutcome
    do {
      var request = StatRequest()
      request.host = probe.host?.split(separator: "/", maxSplits: 1).last.map(String.init) ?? ""
      request.path = .init("/".utf8)
      let (_, timings) = try await links[probe.agent].service.stat(request, context)
      outcome = .answered(AttemptTimings(timings))
    } catch let error as AgentError where error.scope == .request && error.code != .cancelled {
      // An answer about what was asked: the agent is well.
      outcome = .answered(AttemptTimings())
    } catch {
      outcome = error is CancellationError ? .abandoned : AttemptFailure(error).probeOutcome
    }
    decide { router, now in router.attemptEnded(probe.attempt, outcome, now: now) }
  }

  // MARK: Agents that fall silent

  /// `heard` is told each agent that is given up, until `stopListening`.
  func listen(_ heard: @escaping @Sendable (Int) -> Void) -> UInt64 {
    state.withLock { state in
      state.lastListener += 1
      state.listeners[state.lastListener] = heard
      return state.lastListener
    }
  }

  func stopListening(_ listener: UInt64) {
    state.withLock { _ = $0.listeners.removeValue(forKey: listener) }
  }

  private func tellDead(_ agent: Int) {
    for listener in state.withLock({ Array($0.listeners.values) }) { listener(agent) }
  }

  // MARK: Hosts that fail

  func hostFailed(_ name: String, _ error: AgentError) {
    state.withLock { $0.hostErrors[name] = error }
  }

  func lastError(of name: String) -> AgentError? { state.withLock { $0.hostErrors[name] } }

  /// As the router calls it: unique over all agents.
  static func name(_ host: HostID) -> String { "\(host.segment)/\(host.alias)" }

  // MARK: For people

  package var counters: RoutingCounters { state.withLock { $0.router.counters } }

  package func explain(_ host: HostID, _ operation: OperationKind = .read) -> RouteExplanation? {
    decide { router, now in
      router.host(named: Self.name(host)).flatMap { router.explain($0, operation, now: now) }
    }
  }
}
