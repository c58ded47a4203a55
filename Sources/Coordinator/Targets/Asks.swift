import AgentAPI

/// One thing to ask one host.
package struct Ask: Sendable, Hashable {
  /// Index into the roster.
  package let host: Int
  package let path: RemotePath?
}

/// What a call's targets come to: each (host, path) once, in the order of the targets and, within one, of the roster. A value.
package struct Asks: Sendable {
  package let roster: Roster
  package private(set) var asks: [Ask] = []
  /// Targets that name nobody; each stands for one host that did not answer.
  package private(set) var failures: [HostFailure] = []
  package let severalPaths: Bool

  /// Throws when the call is too large to be made; unknown names are failures, so that the others are still asked.
  package init(_ targets: [Target], roster: Roster, hostLimit: Int) throws(TargetError) {
    self.roster = roster
    severalPaths = Set(targets.map(\.path)).count > 1
    var seen: Set<Ask> = []
    var refused: Set<Target> = []
    var silent: Set<String> = []
    for target in targets {
      switch roster.select(target.hosts) {
      case .success(let hosts):
        for host in hosts {
          let ask = Ask(host: host, path: target.path)
          if seen.insert(ask).inserted { asks.append(ask) }
        }
        guard refused.insert(target).inserted else { break }
        refuse(roster.missing(target.hosts, among: hosts), of: target)
        // A pattern may mean hosts that nobody has told of yet: whoever could not is named.
        for agent in roster.silent(within: target.hosts) where silent.insert(agent.name).inserted {
          failures.append(agent.failure)
        }
      case .failure(let failure):
        if refused.insert(target).inserted { refuse([failure], of: target) }
      }
      guard asks.count + failures.count <= hostLimit else {
        throw TargetError(
          "The targets mean more than \(hostLimit) hosts, which is what one call asks at most: narrow them, for example by segment or label"
        )
      }
    }
  }

  private mutating func refuse(_ refused: [HostFailure], of target: Target) {
    for var failure in refused {
      if severalPaths { failure.path = target.path?.text }
      failures.append(failure)
    }
  }

  package func host(_ index: Int) -> RosterHost { roster.hosts[asks[index].host] }
}
