import AgentAPI
import Coordinator
import HTTP2
import Logging
import NIOCore

extension CoordinatorParts {
  /// Where agents dial in, listening already; nil where they do not. Its agents are the directory's.
  ///
  /// - Throws: `SettingsError`.
  func tunnelHub(_ settings: SettingsReader) async throws -> TunnelHub? {
    guard let text = settings.text(.agentListen) else { return nil }
    let (host, port) = try settings.address(text, of: .agentListen)
    let directory = directory
    let listener = TunnelHub.Listener(
      joined: { agent in
        directory.add(
          AgentLink(name: agent.identity.description, segment: agent.identity.segment, service: agent))
      },
      left: { directory.remove(named: $0.identity.description) })
    do {
      let hub = try await TunnelHub.bind(
        host: host, port: port, tls: try settings.mutualTLS(.agentCA, .agentCert, .agentKey), listener: listener,
        group: group, logger: logger)
      logger.notice("agents may dial in", metadata: ["address": "\(host):\(hub.address.port ?? port)"])
      return hub
    } catch let error as HTTP2Error {
      throw SettingsError("\(Setting.agentListen.flag) \(text): \(error.message)")
    }
  }
}
