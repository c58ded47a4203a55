import UnixSignals
import ArgumentParser
import Coordinator
import Foundation
import Logging
import ServiceLifecycle
import Telemetry

struct CoordinatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator", abstract: "Speak MCP to AI clients, over HTTP or stdio.",
    discussion: """
      Without settings it listens on http://127.0.0.1:8000/mcp and serves the hosts of ~/.ssh/config. Secrets come from \
      the environment or the settings file only:
      \(Setting.secrets(of: Setting.coordinator + Setting.shared))
      """)

  @OptionGroup(title: "MCP clients") var door: FrontDoorFlags
  @OptionGroup(title: "Agents") var links: LinkFlags
  @OptionGroup(title: "The embedded agent") var embedded: EmbeddedFlags
  @OptionGroup(title: "Agents that dial in") var tunnels: TunnelFlags
  @OptionGroup(title: "Hosts and logging") var shared: SharedFlags
  @Flag(help: "Say on standard error how to connect MCP clients, and which hosts there are.") var welcome = false

  func run() async throws {
    let settings = try await SettingsReader(door, links, embedded, tunnels, shared, config: shared.config)
    let log = try LogSettings(settings)
    log.bootstrap()
    let parts = try CoordinatorParts(settings, awaitsAgents: settings.awaitsAgents)
    SettingsExamination.warn(of: ProcessInfo.processInfo.environment, parts.logger)
    if let unused = ProcessInfo.processInfo.environment["SCOUT_ENABLE_UI"] {
      parts.logger.notice(
        "SCOUT_ENABLE_UI has no effect: answers are data and text", metadata: ["value": .string(unused)])
    }
    // Behind the directory, so that tunnels drain before it stops following them.
    var doors = try await parts.tunnelHub(settings)
    doors += try parts.sharing(settings)
    if settings.text(.enrollListen) != nil {
      guard let security = parts.security else {
        throw SettingsError(
          "\(Setting.enrollListen.flag) needs \(Setting.pki.flag): without an authority no agent can join")
      }
      doors += try await security.enrollment(settings, group: parts.group, logger: parts.logger)
    }
    do {
      try await runServices(parts.services + doors, front: front(parts, settings), logger: parts.logger)
    } catch let error as FrontDoorSettingsError {
      throw SettingsError(error.message)
    } catch let error as FrontDoorListenError {
      throw StartError(error.message)
    }
  }

  private func front(_ parts: CoordinatorParts, _ settings: SettingsReader) throws -> any Service {
    let server = try parts.server(settings)
    if try settings.choice(.transport) == "stdio" {
      var limits = StdioDoor.Limits()
      limits.line = try settings.integer(.maxBodySize)
      limits.calls = try settings.integer(.maxConcurrentRequests)
      return StdioDoor(
        server: server, provider: parts.tools, registry: parts.metrics, limits: limits, logger: parts.logger)
    }
    let doorSettings = try FrontDoorSettings(settings)
    let door = try HTTPDoor(
      settings: doorSettings, server: server, provider: parts.tools, registry: parts.metrics, group: parts.group,
      logger: parts.logger)
    return AnnouncedDoor(
      door: door, settings: doorSettings, directory: parts.directory, isWelcoming: welcome, logger: parts.logger)
  }
}

/// Runs services until one of them ends, or one of `signals` comes; shutdown begins at the front and takes five seconds at most.
func runServices(
  _ services: [any Service], front: any Service, signals: [UnixSignal] = [.sigterm, .sigint], logger: Logger
) async throws {
  var configuration = ServiceGroupConfiguration(
    services: (services + [front]).map {
      .init(
        service: $0, successTerminationBehavior: .gracefullyShutdownGroup,
        failureTerminationBehavior: .gracefullyShutdownGroup)
    },
    gracefulShutdownSignals: signals, logger: logger)
  configuration.maximumGracefulShutdownDuration = .milliseconds(4500)
  try await ServiceGroup(configuration: configuration).run()
}
