import AgentAPI
import Enrollment
import HTTP2
import Logging
import NIOCore
import Registry
import ServiceLifecycle
import Telemetry

extension CoordinatorParts {
  /// What shares agents with other coordinators through etcd; none where no etcd is set.
  ///
  /// - Throws: `SettingsError`.
  func sharing(_ settings: SettingsReader) throws -> [any Service] {
    guard let registry = try SharedAgents.registry(settings, logger: logger) else { return [] }
    let files = try settings.mutualTLS(.agentCA, .agentCert, .agentKey)
    let shared = SharedAgents(registry: registry, told: told, directory: directory, logger: logger) {
      [security, group, logger] row in
      guard let address = row.addresses.first,
        let (segment, url) = try? AgentLinks.split("\(row.id.segment)=\(address)")
      else { return nil }
      var tls: HTTP2TLS?
      if url.scheme == "https" {
        tls = files ?? security.map { $0.store.tls($0.links.policy(.agent, segment: segment)) }
        guard tls != nil else { return nil }
      } else if !Loopback.contains(url.host) {
        return nil
      }
      let target = AgentTarget(name: "\(segment)@\(url.host):\(url.port)", host: url.host, port: url.port, tls: tls)
      return (RemoteAgent(target: target, group: group, logger: logger), url.priority)
    }
    metrics.gauge("scout_etcd_synced", help: "1 while etcd is followed.") { registry.standing.isSynced ? 1 : 0 }
    return [registry, shared]
  }
}
