import Enrollment
import AgentAPI
import Coordinator
import Foundation
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle

/// The agents that a coordinator was told of, ready to be called; `services` keep their links.
struct AgentLinks {
  private(set) var links: [AgentLink] = []
  private(set) var services: [any Service] = []
  /// The agents of the settings, as other coordinators may be told of them.
  private(set) var told: [SharedAgents.Told] = []

  /// Reads `SEGMENT=URL` of each agent, and the files that secure the links.
  ///
  /// - Parameter security: where the coordinator has the authority; files that are given win over it.
  init(
    _ settings: SettingsReader, security: CoordinatorSecurity?, group: any EventLoopGroup, logger: Logger
  ) throws {
    let files = try settings.mutualTLS(.agentCA, .agentCert, .agentKey)
    var places: Set<Place> = []
    for text in settings.list(.agents) {
      let (segment, url) = try Self.split(text)
      guard places.insert(Place(host: url.host, port: url.port)).inserted else {
        throw SettingsError("\(Setting.agents.flag) \(text): an agent at \(url.host):\(url.port) is named already")
      }
      let tls = files ?? security.map { $0.store.tls($0.links.policy(.agent, segment: segment)) }
      guard url.scheme == "https" || Loopback.contains(url.host) else {
        throw SettingsError("\(Setting.agents.flag) \(text): beyond loopback an agent's URL begins with https://")
      }
      guard url.scheme != "https" || tls != nil else {
        throw SettingsError(
          "\(Setting.agents.flag) \(text): https needs \(Setting.pki.flag), or \(Setting.agentCA.flag), "
            + "\(Setting.agentCert.flag) and \(Setting.agentKey.flag)")
      }
      let name = links.contains { $0.name == segment } ? "\(segment)#\(links.count + 1)" : segment
      let target = AgentTarget(
        name: name, host: url.host, port: url.port, tls: url.scheme == "https" ? tls : nil)
      let agent = RemoteAgent(target: target, group: group, logger: logger)
      links.append(AgentLink(name: name, segment: segment, service: agent, priority: url.priority))
      told.append(try .init(segment: segment, url: String(text.split(separator: "=", maxSplits: 1)[1])))
      services.append(agent)
    }
  }

  private struct Place: Hashable {
    let host: String
    let port: Int
  }

  /// The agent of this process, before the others.
  mutating func embed(_ agent: any AgentService & Service, segment: String) {
    links.insert(AgentLink(name: "embedded", segment: segment, service: agent), at: 0)
    services.insert(agent, at: 0)
  }

  /// - Throws: `SettingsError` for what is not `SEGMENT=URL`.
  static func split(
    _ text: String
  ) throws(SettingsError) -> (segment: String, url: (scheme: String, host: String, port: Int, priority: Int)) {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let url = URLComponents(string: String(parts[1])), let host = url.host, !host.isEmpty,
      let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
      (1...65_535).contains(url.port ?? 7443), url.path.isEmpty || url.path == "/",
      let priority = Int(url.fragment ?? "0"), (0...3).contains(priority)
    else {
      throw SettingsError(
        "\(Setting.agents.flag): `\(text)` is not SEGMENT=https://HOST:PORT, with #1 to #3 or nothing behind it")
    }
    let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    return (String(parts[0]), (scheme, bare.lowercased(), url.port ?? 7443, priority))
  }
}
