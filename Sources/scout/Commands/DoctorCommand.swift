import Agent
import Coordinator
import ArgumentParser
import Foundation
import Logging
import MCP
import Telemetry

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check settings, keys, known_hosts, certificates and agents, and say what to mend.",
    discussion: """
      Nothing is changed, and no host is connected to, unless hosts are named. Ends with 0 when nothing needs mending, \
      with 1 otherwise.
      """)

  @Argument(help: "Hosts to connect to as well: names, globs such as web*, or labels such as @role=web.")
  var hosts: [String] = []
  @Flag(help: "Print the findings as JSON.") var json = false
  @OptionGroup(title: "Settings") var shared: SharedFlags
  @OptionGroup(title: "Agents") var links: LinkFlags
  @OptionGroup(title: "Agents that dial in") var tunnels: TunnelFlags
  @OptionGroup(title: "This machine as an agent") var agent: AgentFlags

  func validate() throws { try UsageCheck.hosts(hosts) }

  func run() async throws {
    let settings = try await SettingsReader(shared, links, tunnels, agent, config: shared.config)
    var findings = SettingsExamination(settings: settings, environment: ProcessInfo.processInfo.environment).findings()
    if !findings.contains(where: { $0.level == .fault }) {
      do { try await examine(settings, into: &findings) } catch let error as SettingsError {
        findings.append(Finding(.fault, "settings", error.description))
      }
    }
    try write(findings)
    if findings.contains(where: { $0.level == .fault }) { throw ExitCode(1) }
  }

  private func examine(_ settings: SettingsReader, into findings: inout [Finding]) async throws {
    let hosts = self.hosts
    var log = try LogSettings(settings)
    if shared.logLevel == nil { log.level = .critical }
    let logger = log.logger(label: "scout.doctor")
    let group = try EventLoops.start(settings)
    if try settings.flag(.embeddedAgent) ?? true {
      let agent = try settings.agentSettings(name: "embedded")
      findings += await HostExamination(
        settings: agent, credentials: settings.credentials(on: group), logger: logger
      ).findings()
    }
    findings += CertificateExamination(settings: settings, now: Int64(Date().timeIntervalSince1970)).findings()
    let authority = AuthorityExamination(settings: settings).findings()
    findings += authority
    findings += try await CoordinatorExamination(settings: settings, group: group, logger: logger).findings()
    let canLink =
      authority.allSatisfy { $0.level == .good }
      && !findings.contains { $0.level == .fault && $0.subject.hasPrefix("links") }
    guard canLink else { return }
    let parts = try CoordinatorParts(settings, quiet: true, awaitsAgents: settings.awaitsAgents, on: group)
    findings += try await parts.run { parts in
      let links = parts.directory.links
      var findings = await AgentExamination(links: (0..<links.count).map { links[$0] }).findings()
      if !hosts.isEmpty { findings += try await HostVisit(core: parts.core).findings(hosts) }
      return findings
    }
  }

  private func write(_ findings: [Finding]) throws {
    let text =
      json
      ? String(decoding: JSON.object(["findings": .array(findings.map(\.json))]).serialized(), as: UTF8.self)
      : findings.map(\.line).joined(separator: "\n")
    try StandardOutput.write(Data((text + "\n").utf8))
  }
}
