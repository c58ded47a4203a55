import Foundation
import NIOCore
import Agent
import AgentAPI
import ArgumentParser
import HTTP2
import Logging
import ServiceLifecycle
import Telemetry

struct AgentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Serve the hosts of one network segment to coordinators.",
    discussion: """
      A coordinator reaches it by --agent SEGMENT=https://HOST:PORT. SSH keys stay here. Beyond loopback both sides show \
      certificates: --tls-ca, --tls-cert and --tls-key.
      """)

  @OptionGroup(title: "Coordinators") var agent: AgentFlags
  @OptionGroup(title: "Hosts and logging") var shared: SharedFlags

  func run() async throws {
    let settings = try await SettingsReader(agent, shared, config: shared.config)
    let log = try LogSettings(settings)
    log.bootstrap()
    let logger = log.logger(label: "scout.agent")
    let group = try EventLoops.start(settings)
    let parts = try AgentParts(
      settings, name: settings.text(.agentName) ?? AgentParts.machineName, stateFolder: settings.text(.stateDir),
      group: group, logger: logger)
    let (host, port) = try settings.listenAddress()
    var server: AgentServer
    do {
      server = try await AgentServer.bind(
        parts.agent, host: host, port: port, tls: try settings.agentTLS(), group: group, logger: logger)
    } catch let error as HTTP2Error {
      throw SettingsError("\(Setting.listen.flag) \(host):\(port): \(error.message)")
    }
    server.grace = .seconds(4)
    logger.notice(
      "listening",
      metadata: ["address": "\(host):\(server.address.port ?? port)", "segment": .string(parts.agent.settings.segment)])
    try await runServices([parts.agent], front: server, logger: logger)
  }
}

extension SettingsReader {
  fileprivate func listenAddress() throws(SettingsError) -> (host: String, port: Int) {
    let text = text(.listen) ?? ""
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port), colon != text.startIndex
    else { throw SettingsError("\(Setting.listen.variable) (\(Setting.listen.flag)): `\(text)` is not HOST:PORT") }
    let host = text[..<colon]
    return (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host), port)
  }

  fileprivate func agentTLS() throws(SettingsError) -> HTTP2TLS? {
    let files = [Setting.tlsCA, .tlsCert, .tlsKey].map { text($0) }
    if files.allSatisfy({ $0 == nil }) { return nil }
    guard let roots = files[0], let chain = files[1], let key = files[2] else {
      throw SettingsError(
        "\(Setting.tlsCA.flag), \(Setting.tlsCert.flag) and \(Setting.tlsKey.flag) go together: give all three")
    }
    return HTTP2TLS(trustRoots: roots, certificateChain: chain, privateKey: key)
  }
}
