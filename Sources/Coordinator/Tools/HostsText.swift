extension AnswerText {
  /// One line for each host, then the agents.
  package static func of(_ answer: HostsAnswer) -> String {
    if answer.agents.isEmpty {
      return
        "No agent is there, so no hosts. Start `scout agent --coordinator` where the hosts are; see this coordinator's log."
    }
    var out =
      answer.matched == 0
      ? "No hosts. Add Host entries to the agent's ssh_config, and look at its allow-list and block-list.\n"
      : "\(answer.matched) host\(answer.matched == 1 ? "" : "s"):\n"
    let names = Column(answer.hosts.map { ReadableText.escaped($0.host.name) })
    let states = Column(answer.hosts.map(state(of:)))
    let addresses = Column(answer.hosts.map { ReadableText.escaped($0.address) })
    for (index, host) in answer.hosts.enumerated() {
      out += "  \(names[index])  \(states[index])  \(addresses[index])  " + rest(host) + "\n"
    }
    if let note = answer.note { out += "[\(note)]\n" }
    out += "Agents:"
    for agent in answer.agents {
      out += "\n  " + ReadableText.escaped("\(agent.name) (segment \(agent.segment), \(agent.hosts) hosts): ")
      out += agent.isHealthy ? "healthy" : ReadableText.escaped(agent.failure ?? "not heard of")
    }
    return out
  }

  /// Texts that stand below each other. A value.
  private struct Column {
    private let texts: [String]
    private let width: Int

    /// One that is far longer than the others does not push them all aside.
    private static let widest = 40

    init(_ texts: [String]) {
      self.texts = texts
      width = texts.lazy.map(\.count).filter { $0 <= Self.widest }.max() ?? 0
    }

    subscript(index: Int) -> String {
      texts[index] + String(repeating: " ", count: max(0, width - texts[index].count))
    }
  }

  private static func state(of host: DirectoryReport.Host) -> String {
    host.status.word + (host.ageMS.map { " \(age($0)) ago" } ?? "")
  }

  private static func rest(_ host: DirectoryReport.Host) -> String {
    var out = "segment \(ReadableText.escaped(host.host.id.segment))"
    if !host.host.labels.isEmpty {
      let labels = host.host.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      out += "  @" + ReadableText.escaped(labels.joined(separator: ","))
    }
    if let p50 = host.p50MS, let p95 = host.p95MS {
      out += "  p50 \((p50 * 10).rounded() / 10) ms, p95 \((p95 * 10).rounded() / 10) ms"
    }
    if let retry = host.retryInMS { out += "  next attempt in \(retry) ms" }
    if let code = host.lastErrorCode {
      out += "  [\(code)\(host.lastErrorMessage.map { ": " + ReadableText.escaped($0) } ?? "")]"
    }
    if host.agents.count > 1 { out += "  via \(ReadableText.escaped(host.agents.joined(separator: ", ")))" }
    return out
  }

  static func age(_ milliseconds: Int64) -> String {
    switch milliseconds {
    case ..<1000: "\(milliseconds) ms"
    case ..<120_000: "\(milliseconds / 1000) s"
    case ..<7_200_000: "\(milliseconds / 60_000) min"
    default: "\(milliseconds / 3_600_000) h"
    }
  }
}
