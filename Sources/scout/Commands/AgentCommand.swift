import Agent
import ArgumentParser
import Foundation
import Logging
import Telemetry

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Serve the hosts of one network segment to coordinators.",
    discussion: """
      A coordinator reaches it by --agent SEGMENT=https://HOST:PORT; or it dials coordinators itself, by --coordinator \
      HOST:PORT, and needs no open port. SSH keys stay here. Beyond loopback both sides show certificates: --tls-ca, \
      --tls-cert and --tls-key. An agent that dials is who its certificate says: spiffe://DOMAIN/agent/SEGMENT/NAME.
      An agent that has joined (`scout agent join`) needs --state-dir instead of the three files: the certificate there \
      says its segment and name, and is renewed in time.
      SIGTERM and Ctrl-C drain it: it takes nothing new, and ends as soon as nothing runs, after 30 seconds at most; a second one ends \
      it at once.
      Secrets come from the environment or the settings file only:
      \(Setting.secrets(of: Setting.agent + Setting.shared))
      """,
    subcommands: [AgentJoinCommand.self, AgentDrainCommand.self])

  @OptionGroup(title: "Coordinators") var agent: AgentFlags
  @OptionGroup(title: "Hosts and logging") var shared: SharedFlags

  /// For the subcommands.
  func settings() async throws -> SettingsReader {
    try await SettingsReader(agent, shared, config: shared.config)
  }

  /// For the subcommands.
  func stateFolder() async throws -> String {
    let settings = try await settings()
    guard let folder = settings.text(.stateDir) else {
      throw SettingsError("name the agent's folder with \(Setting.stateDir.flag), or set \(Setting.stateDir.variable)")
    }
    return folder
  }

  func run() async throws {
    let settings = try await settings()
    let log = try LogSettings(settings)
    log.bootstrap()
    let logger = log.logger(label: "scout.agent")
    SettingsExamination.warn(of: ProcessInfo.processInfo.environment, logger)
    let group = try EventLoops.start(settings)
    let presence = try settings.text(.stateDir).map { try AgentPresence(stateFolder: $0) }
    defer { withExtendedLifetime(presence) {} }
    let security = try settings.text(.stateDir).flatMap { try AgentSecurity(stateFolder: $0) }
    let name = security?.name ?? settings.text(.agentName) ?? AgentParts.machineName
    let parts = try AgentParts(
      settings, name: name, segment: security?.segment,
      checkInterval: settings.checkInterval(), stateFolder: settings.text(.stateDir), group: group, logger: logger)
    let front = try await AgentFront(
      settings, security: security, agent: parts.agent, segment: parts.agent.settings.segment, name: name, group: group,
      logger: logger)
    let draining = DrainingFront(
      front: ServiceBundle(services: front.services), agent: parts.agent, health: front.health, logger: logger)
    try await runServices([parts.agent], front: draining, signals: [], logger: logger)
  }
}
