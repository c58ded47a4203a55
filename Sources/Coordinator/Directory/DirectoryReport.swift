package import AgentAPI

/// The directory at one moment: agents and hosts with their figures. A value.
package struct DirectoryReport: Sendable {
  package struct Agent: Sendable, Hashable {
    package var name: String
    package var segment: String
    package var version: String
    /// Heard of, and takes requests.
    package var isHealthy: Bool
    /// Heard of, and takes none any more.
    package var isDraining: Bool
    package var hosts: Int
    /// Since it was last heard of; nil: never.
    package var heardAgoMS: Int?
    package var failure: String?
    package var pool: PoolFigures
    package var load: LoadFigures
    package var counts: PoolCounts
  }

  package struct Host: Sendable, Hashable {
    package var host: RosterHost
    package var agents: [String]
    /// `user@name:port`.
    package var address: String
    package var status: HostStatus
    /// Since an agent last had to do with it; nil: never.
    package var ageMS: Int64?
    package var p50MS: Double?
    package var p95MS: Double?
    package var lastErrorCode: String?
    package var lastErrorMessage: String?
    /// What connecting and waiting usually take.
    package var phases: [PhaseFigures]
    package var breaker: Breaker
    /// With a breaker that is not closed: until the next attempt to connect.
    package var retryInMS: Int64?
  }

  package let agents: [Agent]
  /// In roster order.
  package let hosts: [Host]
  package let roster: Roster

  init(_ state: DirectoryState, _ roster: Roster, at now: ContinuousClock.Instant) {
    self.roster = roster
    agents = Self.agents(state, at: now)
    hosts = roster.hosts.map { host in
      let reports = host.agents.compactMap { agent in
        state.agents[agent].hosts[host.id.alias].map {
          (info: $0.info, since: max(.zero, now - $0.at).wholeMilliseconds)
        }
      }
      return Host(host, agents: host.agents.map { state.agents[$0].name }, reports: reports)
    }
  }

  static func agents(_ state: DirectoryState, at now: ContinuousClock.Instant) -> [Agent] {
    state.agents.indices.filter { !state.agents[$0].isGone }.map { index in
      let agent = state.agents[index]
      return Agent(
        name: agent.name, segment: agent.segment, version: agent.reply?.version ?? "",
        isHealthy: state.isHealthy(index, at: now), isDraining: agent.isDraining && state.isHeard(index, at: now),
        hosts: agent.reply?.hosts.count ?? 0,
        heardAgoMS: agent.lastHeard.map { max(.zero, now - $0).wholeMilliseconds },
        failure: agent.failure ?? (agent.isDraining ? "it drains, and takes nothing new" : nil),
        pool: agent.reply?.pool ?? PoolFigures(), load: agent.load, counts: agent.counts)
    }
  }
}

extension DirectoryReport.Host {
  /// Several agents report the same host: the latest contact counts.
  fileprivate init(_ host: RosterHost, agents: [String], reports: [(info: HostInfo, since: Int)]) {
    let ages = reports.map {
      $0.info.state.ageMs < 0 ? Int64.max : min($0.info.state.ageMs, Self.longest) + Int64($0.since)
    }
    let latest = ages.indices.min { ages[$0] < ages[$1] }
    let info = latest.map { reports[$0].info } ?? HostInfo()
    self.host = host
    self.agents = agents
    address = (info.user.isEmpty ? "" : info.user + "@") + "\(info.hostName):\(info.port)"
    status = info.state.status
    ageMS = latest.flatMap { ages[$0] == .max ? nil : ages[$0] }
    p50MS = info.state.p50Ms > 0 ? info.state.p50Ms : nil
    p95MS = info.state.p95Ms > 0 ? info.state.p95Ms : nil
    lastErrorCode = info.state.lastErrorCode.isEmpty ? nil : info.state.lastErrorCode
    lastErrorMessage = info.state.lastErrorMessage.isEmpty ? nil : info.state.lastErrorMessage
    phases = info.state.phases.filter { $0.phase != .unknown }
    breaker = info.state.breaker
    let since = latest.map { Int64(reports[$0].since) } ?? 0
    retryInMS = info.state.breaker == .closed ? nil : max(0, min(max(0, info.state.retryInMs), Self.longest) - since)
  }

  /// What an agent may say of a time, in milliseconds: a hundred years.
  private static let longest: Int64 = 3_000_000_000_000
}
