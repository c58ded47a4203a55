import AgentAPI

/// The hosts that were asked about, and the agents. A value.
package struct HostsAnswer: Sendable {
  package var hosts: [DirectoryReport.Host]
  /// Hosts that matched, shown or not.
  package var matched: Int
  package var agents: [DirectoryReport.Agent]
  /// How to see what was cut.
  package var note: String?
}

extension CoordinatorCore {
  /// The hosts as their agents last reported them. Asks nobody.
  ///
  /// - Parameters:
  ///   - select: which; nil: all. A failure when it names nobody.
  ///   - limit: hosts shown at most; nil: as many as an answer holds.
  package func hosts(
    _ select: HostSelector?, limit: Int? = nil, _ options: CallOptions
  ) async throws(HostFailure) -> HostsAnswer {
    let deadline = ContinuousClock.now + (options.timeout ?? settings.timeout)
    let roster = await directory.roster(until: deadline) { roster in
      guard let select, select.exactName != nil, case .success = roster.select(select) else { return false }
      return true
    }
    let report = directory.report()
    var hosts = report.hosts
    if let select {
      // The report may be a moment newer than the roster that was waited for.
      switch report.roster.select(select) {
      case .success(let chosen): hosts = chosen.map { report.hosts[$0] }
      case .failure(let failure): throw failure
      }
    } else if hosts.isEmpty, let silent = roster.silent.first {
      throw HostFailure(
        host: "*", code: .unreachable,
        message:
          "No agent has reported its hosts yet. \(silent.name): \(silent.reason). Try again, or look at the agent.")
    }
    var left = settings.answerLimit
    let shown = hosts.prefix(limit ?? .max).prefix { host in
      left -= Self.cost(host)
      return limit != nil || left >= 0
    }
    var answer = HostsAnswer(hosts: Array(shown), matched: hosts.count, agents: report.agents)
    if shown.count < hosts.count {
      answer.note =
        "\(shown.count) of \(hosts.count) hosts. Narrow with select: a pattern (web*), dc1/*, or @label=value."
    }
    return answer
  }

  /// Of one host in the answer, in bytes, about.
  private static func cost(_ host: DirectoryReport.Host) -> Int {
    let labels = host.host.labels.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 6 }
    let error = (host.lastErrorMessage?.utf8.count ?? 0) + (host.lastErrorCode?.utf8.count ?? 0)
    return 140 + host.host.name.utf8.count + host.address.utf8.count + labels + error
  }
}
