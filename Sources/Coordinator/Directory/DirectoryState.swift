package import AgentAPI

/// What the directory knows of its agents and their hosts. A value; one method per event.
package struct DirectoryState: Sendable {
  struct Agent: Sendable {
    let name: String
    /// As configured; empty until the agent says.
    var segment: String
    /// Its own words, when it has said them.
    var reply: DescribeReply?
    /// Each host's last report, with the instant of its arrival: ages count from there.
    var hosts: [String: (info: HostInfo, at: ContinuousClock.Instant)] = [:]
    var lastHeard: ContinuousClock.Instant?
    var isDraining = false
    /// It answers that it cannot say which hosts it has: waiting for it is of no use.
    var isUnable = false
    var load = LoadFigures()
    var counts = PoolCounts()
    /// Why it cannot be heard at present.
    var failure: String?
    /// Removed; the number stays its own.
    var isGone = false
    /// Counts its stays.
    var stay = 0
  }

  /// The time from an agent's coming to its going: what belongs to an earlier one is known by its number. A value.
  struct Stay: Sendable, Hashable {
    let agent: Int
    let number: Int
  }

  private(set) var agents: [Agent]
  /// Nil where inventories have changed since it was made.
  private var madeRoster: Roster?

  private let mostAgents: Int

  package init(links: [AgentLink], mostAgents: Int = AgentDirectory.mostAgents) {
    self.mostAgents = mostAgents
    agents = links.map { Agent(name: $0.name, segment: $0.segment) }
  }

  /// Made when it is asked for: inventories change in bursts, and thousands of hosts take some milliseconds.
  package var roster: Roster {
    mutating get {
      if let madeRoster { return madeRoster }
      let roster = Self.roster(of: agents)
      madeRoster = roster
      return roster
    }
  }

  /// Agents that have never said which hosts they have, and may yet.
  var unheard: Int { agents.count { $0.reply == nil && !$0.isGone && !$0.isUnable } }

  /// Those of them that could not be reached.
  var failing: Int { agents.count { $0.reply == nil && $0.failure != nil && !$0.isGone && !$0.isUnable } }

  /// Heard of, and takes requests.
  func isHealthy(_ agent: Int, at now: ContinuousClock.Instant) -> Bool {
    isHeard(agent, at: now) && !agents[agent].isDraining
  }

  func isHeard(_ agent: Int, at now: ContinuousClock.Instant) -> Bool {
    guard let heard = agents[agent].lastHeard, agents[agent].failure == nil, !agents[agent].isGone else { return false }
    return now - heard < AgentDirectory.silenceLimit
  }

  func isCurrent(_ stay: Stay) -> Bool {
    agents[stay.agent].stay == stay.number && !agents[stay.agent].isGone
  }

  // MARK: Events

  /// Nil where there is one of this name, or no room.
  mutating func agentAdded(_ link: AgentLink) -> Stay? {
    var agent = Agent(name: link.name, segment: link.segment)
    let index: Int
    if let known = agents.firstIndex(where: { $0.name == link.name }) {
      guard agents[known].isGone else { return nil }
      agent.stay = agents[known].stay + 1
      agents[known] = agent
      index = known
    } else {
      guard agents.count < mostAgents else { return nil }
      agents.append(agent)
      index = agents.count - 1
    }
    madeRoster = nil
    return Stay(agent: index, number: agent.stay)
  }

  /// - Returns: Its number; nil where there is none of this name.
  mutating func agentRemoved(named name: String) -> Int? {
    guard let index = agents.firstIndex(where: { $0.name == name && !$0.isGone }) else { return nil }
    agents[index].isGone = true
    agents[index].reply = nil
    agents[index].hosts = [:]
    madeRoster = nil
    return index
  }

  package mutating func inventoryReceived(_ reply: DescribeReply, from agent: Int, at now: ContinuousClock.Instant) {
    if agents[agent].segment.isEmpty {
      agents[agent].segment = reply.segment.isEmpty ? agents[agent].name : reply.segment
    }
    agents[agent].reply = reply
    agents[agent].hosts = [:]
    agents[agent].isDraining = false
    remember(reply.hosts, from: agent, at: now)
    heard(agent, at: now)
    madeRoster = nil
  }

  /// A change of an inventory that is not known, or one that does not fit it, changes nothing but that the agent lives: the
  /// next whole inventory mends it.
  package mutating func inventoryChanged(_ change: InventoryChange, from agent: Int, at now: ContinuousClock.Instant) {
    heard(agent, at: now)
    guard var hosts = agents[agent].reply?.hosts else { return }
    let removed = Set(change.removed)
    hosts.removeAll { removed.contains($0.alias) }
    for alias in removed { agents[agent].hosts[alias] = nil }
    for placed in change.placed { hosts.insert(placed.host, at: min(Int(placed.index), hosts.count)) }
    agents[agent].reply?.hosts = hosts
    remember(change.placed.map(\.host), from: agent, at: now)
    madeRoster = nil
  }

  package mutating func hostsChanged(_ hosts: [HostInfo], from agent: Int, at now: ContinuousClock.Instant) {
    remember(hosts, from: agent, at: now)
    heard(agent, at: now)
  }

  mutating func heartbeatReceived(_ heartbeat: Heartbeat, from agent: Int, at now: ContinuousClock.Instant) {
    agents[agent].isDraining = heartbeat.draining
    agents[agent].reply?.pool = heartbeat.pool
    agents[agent].load = heartbeat.load
    if heartbeat.hasCounts { agents[agent].counts = heartbeat.counts }
    heard(agent, at: now)
  }

  /// The agent's last inventory stays: its hosts are still the ones to ask for.
  mutating func linkLost(_ agent: Int, reason: String, isUnable: Bool = false) {
    agents[agent].failure = reason
    agents[agent].isUnable = isUnable
    if agents[agent].reply == nil { madeRoster = nil }
  }

  // MARK: Parts

  private mutating func heard(_ agent: Int, at now: ContinuousClock.Instant) {
    agents[agent].lastHeard = now
    agents[agent].failure = nil
    agents[agent].isUnable = false
  }

  private mutating func remember(_ hosts: [HostInfo], from agent: Int, at now: ContinuousClock.Instant) {
    for host in hosts { agents[agent].hosts[host.alias] = (host, now) }
  }

  private static func roster(of agents: [Agent]) -> Roster {
    var reports: [Roster.Report] = []
    var silent: [Roster.SilentAgent] = []
    for (index, agent) in agents.enumerated() where !agent.isGone {
      guard let reply = agent.reply else {
        let reason = agent.failure ?? "no answer yet"
        silent.append(.init(name: agent.name, segment: agent.segment, reason: reason))
        continue
      }
      for host in reply.hosts {
        reports.append(.init(agent: index, id: HostID(segment: agent.segment, alias: host.alias), labels: host.labels))
      }
    }
    return Roster(reports: reports, silent: silent)
  }
}
