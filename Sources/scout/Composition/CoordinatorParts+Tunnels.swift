import Enrollment
import AgentAPI
import Coordinator
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle

extension CoordinatorParts {
  /// Where agents dial in, listening already; none where they do not. Its agents are the directory's.
  ///
  /// - Throws: `SettingsError`, `StartError`.
  func tunnelHub(_ settings: SettingsReader) async throws -> [any Service] {
    guard let text = settings.text(.agentListen) else { return [] }
    let (host, port) = try settings.address(text, of: .agentListen)
    let directory = directory
    let listener = TunnelHub.Listener(
      joined: { agent in
        directory.add(
          AgentLink(
            name: agent.identity.description, segment: agent.identity.segment, service: agent, priority: agent.priority)
        )
      },
      left: { directory.remove(named: $0.identity.description) })
    let tls =
      try settings.mutualTLS(.agentCA, .agentCert, .agentKey)
      ?? security.map { $0.store.tls($0.links.policy(.agent)) }
    do {
      let hub = try await TunnelHub.bind(
        host: host, port: port, tls: tls, listener: listener,
        group: group, logger: logger)
      logger.notice("agents may dial in", metadata: ["address": "\(host):\(hub.address.port ?? port)"])
      guard let tls else { return [hub] }
      return [hub, CertificateWatch(tls: tls, logger: logger) { tls throws(HTTP2Error) in try hub.replace(tls) }]
    } catch {
      throw Setting.agentListen.listenFailure(text, error)
    }
  }
}
