extension AnswerText {
  /// One line for each host, then the agents.
  package static func of(_ answer: HostsAnswer) -> String {
    if answer.matched == 0 { return "No hosts. Add Host entries to the agent's ssh_config." }
    var out = "\(answer.matched) host\(answer.matched == 1 ? "" : "s"):\n"
    for host in answer.hosts { out += line(host) + "\n" }
    if let note = answer.note { out += "[\(note)]\n" }
    out += "Agents:"
    for agent in answer.agents {
      out += "\n  " + ReadableText.escaped("\(agent.name) (segment \(agent.segment), \(agent.hosts) hosts): ")
      out += agent.isHealthy ? "healthy" : ReadableText.escaped(agent.failure ?? "not heard of")
    }
    return out
  }

  private static func line(_ host: DirectoryReport.Host) -> String {
    var out = "  \(ReadableText.escaped(host.host.name))  \(host.status.word)"
    if let age = host.ageMS { out += " \(AnswerText.age(age)) ago" }
    out += "  \(ReadableText.escaped(host.address))  segment \(ReadableText.escaped(host.host.id.segment))"
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
