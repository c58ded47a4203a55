import AgentAPI
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle

/// How coordinators get to an agent, made of settings: it listens, it dials, or both.
struct AgentFront {
  let services: [any Service]
  /// What health probes are told, whichever way they come.
  let health = HealthBoard()

  /// Listens already where it is to listen.
  ///
  /// - Parameter security: where the agent has joined; files that are given win over it.
  /// - Throws: `SettingsError`, `StartError`.
  init(
    _ settings: SettingsReader, security: AgentSecurity?, agent: any AgentService, segment: String, name: String,
    group: any EventLoopGroup, logger: Logger
  ) async throws {
    let tls = try settings.mutualTLS(.tlsCA, .tlsCert, .tlsKey) ?? security?.tls
    var services = try Self.dialers(
      settings, tls, agent: agent, segment: segment, name: name, health, group: group, logger: logger)
    if services.isEmpty || settings.isSaid(.listen) {
      let server = try await Self.server(
        settings, tls, agent: agent, segment: segment, health, group: group, logger: logger)
      services.append(server)
      if let tls {
        services.append(
          CertificateWatch(tls: tls, logger: logger) { tls throws(HTTP2Error) in try server.replace(tls) })
      }
    }
    if let text = settings.text(.healthListen) {
      services.append(try await Self.health(settings, text, health, group: group, logger: logger))
    }
    if let security { services += try security.services(group: group, logger: logger) }
    self.services = services
  }

  private static func dialers(
    _ settings: SettingsReader, _ tls: HTTP2TLS?, agent: any AgentService, segment: String, name: String,
    _ health: HealthBoard, group: any EventLoopGroup, logger: Logger
  ) throws(SettingsError) -> [any Service] {
    let targets = try coordinators(settings, tls)
    guard !targets.isEmpty else { return [] }
    let identity = try identity(segment: segment, name: name)
    var tunnels = TunnelSettings()
    tunnels.grace = .seconds(4)
    let priority = try settings.integer(.priority)
    return targets.map {
      AgentDialer(
        agent, as: identity, priority: priority, to: $0, settings: tunnels, board: health, group: group, logger: logger)
    }
  }

  /// Who an agent is that dials, where no certificate says it.
  static func identity(segment: String, name: String) throws(SettingsError) -> AgentIdentity {
    guard let identity = AgentIdentity(segment: segment, name: name) else {
      throw SettingsError(
        "\(Setting.agentName.flag) `\(name)`, \(Setting.segment.flag) `\(segment)`: an agent that dials has names of 1 to 64 letters, digits, dots, dashes and underscores"
      )
    }
    return identity
  }

  /// The coordinators that the agent is to dial.
  static func coordinators(_ settings: SettingsReader, _ tls: HTTP2TLS?) throws(SettingsError) -> [CoordinatorTarget] {
    var targets: [CoordinatorTarget] = []
    for text in settings.list(.coordinators) {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let (host, port) = try settings.address(parts.last ?? "", shown: text, of: .coordinators)
      guard port > 0 else { throw SettingsError("\(Setting.coordinators.flag) \(text): nobody listens on port 0") }
      guard tls != nil || Loopback.contains(host) else {
        throw SettingsError(
          "\(Setting.coordinators.flag) \(text): beyond loopback it needs \(Setting.stateDir.flag) of an agent that has joined, or \(Setting.tlsCA.flag), \(Setting.tlsCert.flag) and \(Setting.tlsKey.flag)"
        )
      }
      guard !targets.contains(where: { $0.host == host && $0.port == port }) else {
        throw SettingsError("\(Setting.coordinators.flag) \(text): it is named already")
      }
      var target = CoordinatorTarget(host: host, port: port, tls: tls)
      if parts.count == 2 { target.tls?.serverName = parts[0] }
      targets.append(target)
    }
    return targets
  }

  private static func health(
    _ settings: SettingsReader, _ text: String, _ board: HealthBoard, group: any EventLoopGroup, logger: Logger
  ) async throws -> HealthServer {
    let (host, port) = try settings.address(text, of: .healthListen)
    do {
      let server = try await HealthServer.bind(host: host, port: port, board: board, group: group, logger: logger)
      logger.notice("health endpoint listening", metadata: ["address": "\(host):\(server.address.port ?? port)"])
      return server
    } catch {
      throw Setting.healthListen.listenFailure(text, error)
    }
  }

  private static func server(
    _ settings: SettingsReader, _ tls: HTTP2TLS?, agent: any AgentService, segment: String, _ health: HealthBoard,
    group: any EventLoopGroup, logger: Logger
  ) async throws -> AgentServer {
    let (host, port) = try settings.address(settings.text(.listen) ?? "", of: .listen)
    var server: AgentServer
    do {
      server = try await AgentServer.bind(
        agent, host: host, port: port, tls: tls, board: health, group: group, logger: logger)
    } catch {
      throw Setting.listen.listenFailure("\(host):\(port)", error)
    }
    server.grace = .seconds(4)
    logger.notice(
      "listening", metadata: ["address": "\(host):\(server.address.port ?? port)", "segment": .string(segment)])
    return server
  }
}
