import AgentAPI
package import Logging
import ServiceLifecycle
import Synchronization

/// The agents and, through them, the hosts. Sendable: state behind a lock.
///
/// `run` follows each agent's Watch in the background (Describe where that fails), so that no call asks an agent who its
/// hosts are; a call takes one snapshot and works with it. Agents that dial in are added and removed while it runs.
package final class AgentDirectory: Service {
  /// An agent that said nothing for so long is not chosen while another is heard. Six heartbeats.
  package static let silenceLimit: Duration = .seconds(3)
  /// Since the directory's start: how long calls wait for agents that could not be reached at first.
  static let patienceWithFailure: Duration = .seconds(3)
  /// Agents at once or one after another, those that were removed included.
  package static let mostAgents = 8192

  package let links: LinkTable
  /// Since the directory's start: how long calls wait for agents that have not reported their hosts yet.
  package let patience: Duration
  package let router: CallRouter
  /// Agents may come that nobody was told of.
  private let awaitsAgents: Bool
  private let logger: Logger
  private let started = ContinuousClock.now
  private let state: Mutex<DirectoryState>
  private let changes = ChangeSignal()
  private let stays: AsyncStream<DirectoryState.Stay>
  private let newStay: AsyncStream<DirectoryState.Stay>.Continuation

  /// - Parameter awaitsAgents: Others may be added: calls wait for them after the start as they do for agents that fail.
  package init(
    links: [AgentLink], awaitsAgents: Bool = false, patience: Duration = .seconds(10), logger: Logger
  ) {
    self.links = LinkTable(links)
    router = CallRouter(links: self.links)
    self.awaitsAgents = awaitsAgents
    self.patience = patience
    self.logger = logger
    state = Mutex(DirectoryState(links: links))
    (stays, newStay) = AsyncStream.makeStream()
    for agent in links.indices { newStay.yield(DirectoryState.Stay(agent: agent, number: 0)) }
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.router.run() }
        for await stay in self.stays { group.addTask { await self.follow(stay) } }
      }
    }
  }

  // MARK: Agents that come and go

  /// An agent that was not there at the start. One that comes again under its name is the same to routing.
  ///
  /// - Returns: False where there are `mostAgents`, or one of this name.
  package func add(_ link: AgentLink) -> Bool {
    let stay = state.withLock { state in
      let stay = state.agentAdded(link)
      if let stay { links.put(link, at: stay.agent) }
      return stay
    }
    guard let stay else { return false }
    newStay.yield(stay)
    changes.send()
    return true
  }

  /// The agent is gone and so are its hosts. Harmless where there is none of this name.
  package func remove(named name: String) {
    guard let agent = state.withLock({ $0.agentRemoved(named: name) }) else { return }
    router.agentRemoved(agent)
    changes.send()
  }

  /// The hosts as known now; waits for agents that have not reported as long as `suffices` is not content with the others.
  ///
  /// - Parameter deadline: the call's; the wait is over by then, or when the directory's patience is.
  package func roster(until deadline: ContinuousClock.Instant, suffices: (Roster) -> Bool) async -> Roster {
    while true {
      let (seen, roster, unheard, failing) = state.withLock { (changes.count, $0.roster, $0.unheard, $0.failing) }
      // An agent that fails may just be starting; one that is still being reached gets all the time there is.
      let wait = unheard > failing ? patience : min(patience, Self.patienceWithFailure)
      let limit = min(deadline, started + wait)
      // One that dials in may be about to.
      let isComplete = unheard == 0 && !(awaitsAgents && ContinuousClock.now < started + Self.patienceWithFailure)
      if isComplete || ContinuousClock.now >= limit || Task.isCancelled || suffices(roster) { return roster }
      await changes.wait(beyond: seen, until: limit)
    }
  }

  /// What is usual on the host in milliseconds, where an agent has measured it.
  /// - Parameter phase: as failures name it; nil, or one that is not measured apart: the operation itself.
  package func usualMS(_ host: RosterHost, phase: String?) -> Double? {
    state.withLock { state in
      for agent in host.agents {
        if let usual = state.agents[agent].hosts[host.id.alias]?.info.state.usualMS(phase), usual > 0 { return usual }
      }
      return nil
    }
  }

  /// Whether the agent said that it goes soon.
  func isDraining(_ agent: Int) -> Bool { state.withLock { $0.agents[agent].isDraining } }

  /// Everything that is known, for the tool `hosts` and for metrics.
  package func report(at now: ContinuousClock.Instant = .now) -> DirectoryReport {
    let (state, roster) = self.state.withLock { ($0, $0.roster) }
    return DirectoryReport(state, roster, at: now)
  }

  /// The agents alone.
  package func agents(at now: ContinuousClock.Instant = .now) -> [DirectoryReport.Agent] {
    state.withLock { DirectoryReport.agents($0, at: now) }
  }

  // MARK: Following

  private func follow(_ stay: DirectoryState.Stay) async {
    let agent = stay.agent
    var backoff = FollowBackoff()
    while !Task.isCancelled, state.withLock({ $0.isCurrent(stay) }) {
      let began = ContinuousClock.now
      do {
        // Watch has no natural end; a day bounds what a lost stream could hold.
        let context = CallContext(deadline: .now + .seconds(86_400), requestID: "directory-\(links[agent].name)")
        try await links[agent].service.watch(.withDeltas, context) { [self] event in
          if state.withLock({ $0.isCurrent(stay) }) { heard(event, from: agent) }
        }
        router.agentLost(agent)
        lost(agent, AgentError(code: .unreachable, message: "the agent ended its reports"))
      } catch {
        if Task.isCancelled || !state.withLock({ $0.isCurrent(stay) }) { return }
        // Whatever it was, and before anything is waited for: until the agent speaks again, others are asked.
        router.agentLost(agent)
        // Where the agent cannot be reached at all, asking it otherwise only takes time.
        let isAway = (error as? AgentError)?.code == .unreachable
        if let failure = isAway ? error : await describe(agent) {
          lost(agent, error, isUnable: (failure as? AgentError)?.code == .internal)
        }
      }
      if .now - began > .seconds(10) { backoff = FollowBackoff() }
      try? await Task.sleep(for: backoff.next())
    }
  }

  /// For an agent whose Watch does not work: asks once. nil where it answered.
  private func describe(_ agent: Int) async -> (any Error)? {
    let context = CallContext(deadline: .now + .seconds(5), requestID: "directory-\(links[agent].name)")
    do {
      take(try await links[agent].service.describe(DescribeRequest(), context), from: agent, at: .now)
      return nil
    } catch {
      return error
    }
  }

  private func heard(_ event: WatchEvent, from agent: Int) {
    let now = ContinuousClock.now
    switch event.event {
    case .inventory(let reply):
      take(reply, from: agent, at: now)
      logger.debug(
        "inventory", metadata: ["agent": .string(links[agent].name), "hosts": .stringConvertible(reply.hosts.count)])
    case .inventoryChange(let change):
      let segment = state.withLock { state in
        state.inventoryChanged(change, from: agent, at: now)
        return state.agents[agent].reply == nil ? nil : state.agents[agent].segment
      }
      // Of connections, hosts' own reports say more.
      let placed = change.placed.map(\.host.alias)
      let gone = Set(change.removed).subtracting(placed)
      if let segment { router.inventoryChanged(agent, segment: segment, placed: placed, gone: gone) }
      changes.send()
    case .hostStates(let states):
      let (segment, version) = state.withLock { state in
        state.hostsChanged(states.changed, from: agent, at: now)
        return (state.agents[agent].segment, state.agents[agent].reply?.protocolVersion ?? 0)
      }
      router.hostsChanged(agent, segment: segment, states.changed.map { ReportedHost($0, version: version) })
    case .heartbeat(let heartbeat):
      state.withLock { $0.heartbeatReceived(heartbeat, from: agent, at: now) }
      router.heartbeat(agent, heartbeat)
    case nil:
      break
    }
  }

  private func take(_ reply: DescribeReply, from agent: Int, at now: ContinuousClock.Instant) {
    let segment = state.withLock { state in
      state.inventoryReceived(reply, from: agent, at: now)
      return state.agents[agent].segment
    }
    router.agentHeard(
      agent, segment: segment, reply.hosts.map { ReportedHost($0, version: reply.protocolVersion) })
    changes.send()
  }

  private func lost(_ agent: Int, _ error: any Error, isUnable: Bool = false) {
    let reason = (error as? AgentError)?.message ?? String(describing: error)
    let wasKnown = state.withLock { state in
      defer { state.linkLost(agent, reason: reason, isUnable: isUnable) }
      return state.agents[agent].failure == nil
    }
    changes.send()
    guard wasKnown else { return }
    logger.warning("agent lost", metadata: ["agent": .string(links[agent].name), "reason": .string(reason)])
  }
}

extension WatchRequest {
  /// At the usual pace, told of what changes only.
  fileprivate static var withDeltas: WatchRequest {
    var request = WatchRequest()
    request.deltas = true
    return request
  }
}

extension HostState {
  fileprivate func usualMS(_ phase: String?) -> Double? {
    guard let phase, let known = Phase(failurePhase: phase) else { return p50Ms }
    return phases.first { $0.phase == known }?.p50Ms
  }
}

extension Phase {
  /// - Parameter text: the word by which a failure names it.
  fileprivate init?(failurePhase text: String) {
    switch text {
    case "queue": self = .queue
    case "tcp": self = .tcp
    case "key_exchange", "key exchange": self = .keyExchange
    case "authentication": self = .authentication
    default: return nil
    }
  }
}
