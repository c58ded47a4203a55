import AgentAPI

/// A host's identity everywhere in the coordinator: the alias as its agents know it, and the segment they stand in.
package struct HostID: Sendable, Hashable {
  package let segment: String
  package let alias: String

  package init(segment: String, alias: String) {
    self.segment = segment
    self.alias = alias
  }
}

/// One host that can be asked.
package struct RosterHost: Sendable, Hashable {
  package let id: HostID
  /// What answers call it: the alias, or `segment/alias` where other segments have the same alias.
  package let name: String
  package let labels: [String: String]
  /// The links that reach it, as indices into the directory's links, in their configured order.
  package let agents: [Int]
}

/// The hosts of all agents at one moment, in a stable order: agents as configured, hosts as each agent lists them. A value.
package struct Roster: Sendable {
  package let hosts: [RosterHost]
  /// Agents whose hosts are not known yet, with the reason: an unknown name may be theirs.
  package let silent: [SilentAgent]
  private let byAlias: [String: [Int]]

  package struct SilentAgent: Sendable, Hashable {
    package let name: String
    package let segment: String
    package let reason: String

    package init(name: String, segment: String, reason: String) {
      self.name = name
      self.segment = segment
      self.reason = reason
    }

    /// Its hosts' failure, under the one name that they have as long as they are not known.
    var failure: HostFailure {
      HostFailure(
        host: "\(segment)/*", code: .unreachable,
        message: "Agent \(name) has not reported its hosts, so those that are meant are missing here: \(reason).")
    }
  }

  /// One host as one agent reports it.
  package struct Report: Sendable, Hashable {
    package let agent: Int
    package let id: HostID
    package let labels: [String: String]

    package init(agent: Int, id: HostID, labels: [String: String]) {
      self.agent = agent
      self.id = id
      self.labels = labels
    }
  }

  /// The first agent to report a host decides its place and labels.
  package init(reports: [Report], silent: [SilentAgent] = []) {
    var order: [HostID: Int] = [:]
    var merged: [(first: Report, agents: [Int])] = []
    var byAlias: [String: [Int]] = [:]
    for report in reports {
      if let index = order[report.id] {
        if merged[index].agents.last != report.agent { merged[index].agents.append(report.agent) }
      } else {
        order[report.id] = merged.count
        byAlias[report.id.alias, default: []].append(merged.count)
        merged.append((report, [report.agent]))
      }
    }
    self.byAlias = byAlias
    self.silent = silent
    hosts = merged.map { first, agents in
      let shared = byAlias[first.id.alias, default: []].count > 1
      let name = shared ? "\(first.id.segment)/\(first.id.alias)" : first.id.alias
      return RosterHost(id: first.id, name: name, labels: first.labels, agents: agents)
    }
  }
}

extension Roster {
  /// The hosts that are meant, as indices in roster order; or why there are none.
  package func select(_ selector: HostSelector) -> Result<[Int], HostFailure> {
    if let name = selector.exactName {
      return exact(name, selector)
    }
    // A name may itself look like a pattern; then the name is meant.
    if selector.segment == nil, let named = byAlias[selector.text], named.count == 1 { return .success(named) }
    let found = hosts.indices.filter { index in
      let host = hosts[index]
      if let segment = selector.segment, !segment.matches(host.id.segment) { return false }
      switch selector.subject {
      case .name(let glob): return glob.matches(host.id.alias)
      case .labels(let matches): return matches.allSatisfy { $0.matches(host.labels) }
      }
    }
    return found.isEmpty ? .failure(unmatched(selector)) : .success(found)
  }

  /// Agents that may have hosts of which a pattern would be true; none for a name that is known.
  func silent(within selector: HostSelector) -> [SilentAgent] {
    guard selector.exactName == nil else { return [] }
    return silent.filter { agent in selector.segment.map { $0.matches(agent.segment) } ?? true }
  }

  /// The names that a pattern spells out (`{web1,db9}`) and none of the `found` hosts has, each as a failure of its own.
  package func missing(_ selector: HostSelector, among found: [Int]) -> [HostFailure] {
    guard case .name(let glob) = selector.subject, !glob.names.isEmpty else { return [] }
    let present = Set(found.map { hosts[$0].id.alias })
    return glob.names.filter { !present.contains($0) }.compactMap { name in
      let text = selector.segment.map { "\($0.text)/\(name)" } ?? name
      return (try? HostSelector(text)).map { unknown($0, name) }
    }
  }

  private func exact(_ name: String, _ selector: HostSelector) -> Result<[Int], HostFailure> {
    let named = byAlias[name, default: []].filter { index in
      selector.segment.map { $0.matches(hosts[index].id.segment) } ?? true
    }
    if named.isEmpty { return .failure(unknown(selector, name)) }
    // A pattern as the segment may mean several; a bare alias means one.
    if named.count == 1 || selector.segment != nil { return .success(named) }
    let names = named.map { hosts[$0].name }
    let message =
      "'\(name)' is in \(named.count) segments: write \(names.prefix(8).joined(separator: " or ")), or */\(name) for all of them"
    return .failure(HostFailure(host: selector.text, code: .unknownHost, message: message))
  }

  private func unknown(_ selector: HostSelector, _ name: String) -> HostFailure {
    var message = "Unknown host '\(selector.text)'."
    let names = hosts.map(\.name)
    let near =
      selector.segment == nil
      ? NearestNames.of(name, in: names)
      : NearestNames.of(selector.text, in: hosts.map { "\($0.id.segment)/\($0.id.alias)" })
    if !near.isEmpty {
      message += " Did you mean \(near.joined(separator: ", "))?"
    } else if name.contains(",") {
      message += " To mean several hosts, write {\(name)} or use targets."
    } else if hosts.isEmpty {
      message += " No host is known: add Host entries to the agent's ssh_config, or see hosts for agents that are away."
    } else if hosts.count <= 12 {
      message += " Available: \(names.joined(separator: ", "))."
    } else {
      message += " The tool hosts lists all \(hosts.count)."
    }
    return failure(selector, message)
  }

  private func unmatched(_ selector: HostSelector) -> HostFailure {
    var message = "'\(selector.text)' matches none of the \(hosts.count) known hosts."
    switch selector.subject {
    case .labels:
      let labels = Set(hosts.flatMap { host in host.labels.map { "\($0.key)=\($0.value)" } }).sorted()
      message +=
        labels.isEmpty
        ? " No host has labels."
        : " Labels in use: \(labels.prefix(12).joined(separator: ", "))\(labels.count > 12 ? ", ..." : "")."
    case .name:
      let segments = Set(hosts.map(\.id.segment)).sorted()
      if let segment = selector.segment, !segments.contains(where: segment.matches) {
        message += " Segments: \(segments.prefix(12).joined(separator: ", "))."
      } else if !hosts.isEmpty {
        message += " Some names: \(hosts.prefix(8).map(\.name).joined(separator: ", "))."
      }
    }
    return failure(selector, message)
  }

  /// Agents that could know the name but have not said so make it their failure.
  private func failure(_ selector: HostSelector, _ message: String) -> HostFailure {
    let relevant = silent.filter { agent in selector.segment.map { $0.matches(agent.segment) } ?? true }
    let reasons = relevant.prefix(4).map {
      " Agent \($0.name) (segment \($0.segment)) has not reported its hosts: \($0.reason)."
    }
    return HostFailure(
      host: selector.text, code: relevant.isEmpty ? .unknownHost : .unreachable, message: message + reasons.joined())
  }
}
