import AgentAPI
import Coordinator

/// Asks each agent who it is.
struct AgentExamination {
  let links: [AgentLink]

  static let patience: Duration = .seconds(5)

  func findings() async -> [Finding] {
    await withTaskGroup(of: (Int, Finding).self) { group in
      for (index, link) in links.enumerated() {
        group.addTask { (index, await examine(link)) }
      }
      var findings: [(Int, Finding)] = []
      for await finding in group { findings.append(finding) }
      return findings.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  private func examine(_ link: AgentLink) async -> Finding {
    let subject = "agent \(link.name)"
    let start = ContinuousClock.now
    do {
      let reply = try await link.service.describe(
        DescribeRequest(), CallContext(deadline: start + Self.patience, requestID: "doctor"))
      let took = (ContinuousClock.now - start).wholeMilliseconds
      guard reply.protocolVersion + 1 >= AgentProtocol.version, reply.protocolVersion <= AgentProtocol.version + 1
      else {
        return Finding(
          .fault, subject,
          "it speaks protocol \(reply.protocolVersion), this coordinator \(AgentProtocol.version): "
            + "they must be at most one apart; bring both to one version of Scout")
      }
      if !link.segment.isEmpty, !reply.segment.isEmpty, link.segment != reply.segment {
        return Finding(
          .notice, subject, "it says that it serves the segment \(reply.segment), and is known here as \(link.segment)")
      }
      return Finding(
        .good, subject,
        "\(reply.agentName) answered in \(took) ms: segment \(reply.segment), \(reply.hosts.count) hosts, Scout \(reply.version)"
      )
    } catch {
      return Finding(.fault, subject, (error as? AgentError)?.message ?? "\(error)")
    }
  }
}
