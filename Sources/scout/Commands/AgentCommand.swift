import Agent
import ArgumentParser
import Logging
import Telemetry

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Serve the hosts of one network segment to coordinators.",
    discussion: """
      A coordinator reaches it by --agent SEGMENT=https://HOST:PORT; or it dials coordinators itself, by --coordinator \
      HOST:PORT, and needs no open port. SSH keys stay here. Beyond loopback both sides show certificates: --tls-ca, \
      --tls-cert and --tls-key. An agent that dials is who its certificate says: spiffe://DOMAIN/agent/SEGMENT/NAME.
      """)

  @OptionGroup(title: "Coordinators") var agent: AgentFlags
  @OptionGroup(title: "Hosts and logging") var shared: SharedFlags

  func run() async throws {
    let settings = try await SettingsReader(agent, shared, config: shared.config)
    let log = try LogSettings(settings)
    log.bootstrap()
    let logger = log.logger(label: "scout.agent")
    let group = try EventLoops.start(settings)
    let name = settings.text(.agentName) ?? AgentParts.machineName
    let checkInterval = try settings.integer(.checkInterval)
    let parts = try AgentParts(
      settings, name: name, checkInterval: checkInterval == 0 ? nil : .seconds(checkInterval),
      stateFolder: settings.text(.stateDir), group: group, logger: logger)
    let front = try await AgentFront(
      settings, agent: parts.agent, segment: parts.agent.settings.segment, name: name, group: group, logger: logger)
    try await runServices([parts.agent], front: ServiceBundle(services: front.services), logger: logger)
  }
}
