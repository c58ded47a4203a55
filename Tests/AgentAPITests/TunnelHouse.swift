import AgentAPI
import HTTP2
import NIOCore
import ServiceLifecycle
import Synchronization

/// Hubs and agents that dial them, for tests.
enum TunnelHouse {
  /// Sendable: state behind a lock. Who is there, by a hub's telling.
  final class Guests: Sendable {
    private let state = Mutex<(present: [String: TunnelledAgent], left: [String])>(([:], []))

    var names: Set<String> { state.withLock { Set($0.present.keys) } }
    var left: [String] { state.withLock { $0.left } }
    subscript(name: String) -> TunnelledAgent? { state.withLock { $0.present[name] } }

    func listener(room: Int = .max) -> TunnelHub.Listener {
      TunnelHub.Listener(
        joined: { agent in
          self.state.withLock { state in
            guard state.present.count < room else { return false }
            state.present[agent.identity.description] = agent
            return true
          }
        },
        left: { agent in
          self.state.withLock { state in
            state.present[agent.identity.description] = nil
            state.left.append(agent.identity.description)
          }
        })
    }
  }

  /// A busy machine is no failure.
  static let patient: TunnelSettings = {
    var settings = TunnelSettings()
    settings.handshakeTimeout = .seconds(50)
    settings.healthTimeout = .seconds(50)
    settings.patience = .seconds(50)
    settings.http2.pingTimeout = .seconds(50)
    settings.grace = .seconds(30)
    return settings
  }()

  /// A hub while `body` runs.
  static func hub<R: Sendable>(
    port: Int = 0, tls: HTTP2TLS? = nil, settings: TunnelSettings = patient, guests: Guests, room: Int = .max,
    _ body: (TunnelHub) async throws -> R
  ) async throws -> R {
    let hub = try await TunnelHub.bind(
      host: "127.0.0.1", port: port, tls: tls, settings: settings, listener: guests.listener(room: room),
      group: AgentHouse.group, logger: AgentHouse.logger)
    return try await AgentHouse.running(hub) { _ in try await body(hub) }
  }

  static func dialer(
    _ agent: any AgentService, _ name: String, priority: Int = 0, port: Int, tls: HTTP2TLS? = nil,
    settings: TunnelSettings = patient
  ) -> AgentDialer {
    AgentDialer(
      agent, as: AgentIdentity(segment: "dc1", name: name)!, priority: priority,
      to: CoordinatorTarget(host: "127.0.0.1", port: port, tls: tls), settings: settings, group: AgentHouse.group,
      logger: AgentHouse.logger)
  }

  /// An agent that dials `port` while `body` runs.
  static func dialling<R: Sendable>(
    _ agent: any AgentService, _ name: String = "a", port: Int, tls: HTTP2TLS? = nil,
    settings: TunnelSettings = patient, _ body: (AgentDialer, ServiceGroup) async throws -> R
  ) async throws -> R {
    let dialer = dialer(agent, name, port: port, tls: tls, settings: settings)
    return try await AgentHouse.running(dialer) { try await body(dialer, $0) }
  }
}
