/// An agent that reaches a host, as far as choosing needs to know it. A value.
package struct AgentCandidate: Sendable, Hashable {
  /// Index into the directory's links.
  package let agent: Int
  /// It was heard of lately and takes work.
  package let isHealthy: Bool

  package init(agent: Int, isHealthy: Bool) {
    self.agent = agent
    self.isHealthy = isHealthy
  }
}

/// Decides which of several agents asks a host. Pure: called once for each host of each call.
package protocol AgentSelector: Sendable {
  /// - Parameter candidates: in configured order, never empty.
  func choose(for host: HostID, among candidates: [AgentCandidate]) -> AgentCandidate
}

/// The first healthy agent; when none is, the first, whose failure then says what is wrong.
package struct FirstHealthyAgent: AgentSelector {
  package init() {}

  package func choose(for host: HostID, among candidates: [AgentCandidate]) -> AgentCandidate {
    candidates.first(where: \.isHealthy) ?? candidates[0]
  }
}
