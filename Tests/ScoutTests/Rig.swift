import NIOCore
import Agent
import AgentAPI
import Coordinator
import Foundation
import Logging
import MCP
import NIOPosix
import Pool
import SSH
import ServiceLifecycle
import Telemetry
import TestFleet
import Testing

/// The suites that start hosts and processes. One after another: each wants the machine for itself.
@Suite(.serialized) enum EndToEnd {}

/// Everything between a tool call and a real sshd, in this process: tools, directory, agent, pool and, where wanted,
/// the HTTP/2 link between them.
struct Rig: Sendable {
  /// How the coordinator reaches its agent.
  enum Wiring: String, CaseIterable, Sendable {
    /// By calling it.
    case embedded
    /// Over a link on loopback.
    case link
  }

  let tools: ToolSet
  let core: CoordinatorCore
  let pool: SSHPool
  let directory: AgentDirectory

  /// Runs `body` with a rig over the hosts of an ssh_config.
  static func with<Result: Sendable>(
    _ wiring: Wiring, configPath: String, pool poolSettings: SSHPoolSettings = SSHPoolSettings(),
    calls: CallSettings = CallSettings(), _ body: @Sendable (Rig) async throws -> Result
  ) async throws -> Result {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let group = MultiThreadedEventLoopGroup.singleton
    let health = HealthBook()
    let pool = SSHPool(settings: poolSettings, group: group, logger: logger, observer: health.observer)
    var settings = AgentSettings(name: "a", segment: "dc1", configPath: configPath)
    settings.reloadInterval = .milliseconds(100)
    let agent = try Agent(settings: settings, pool: pool, health: health, version: "test", logger: logger)
    var services: [any Service] = [agent]
    var service: any AgentService = agent
    if wiring == .link {
      let server = try await AgentServer.bind(agent, host: "127.0.0.1", port: 0, tls: nil, group: group, logger: logger)
      let remote = RemoteAgent(
        target: AgentTarget(name: "dc1", host: "127.0.0.1", port: server.address.port ?? 0), group: group,
        logger: logger)
      services += [server, remote]
      service = remote
    }
    let directory = AgentDirectory(
      links: [AgentLink(name: "a", segment: "dc1", service: service)], logger: logger)
    let core = CoordinatorCore(
      directory: directory, settings: calls, observer: CallObserver(metrics: nil, audit: nil))
    let rig = Rig(tools: ToolSet(core: core), core: core, pool: pool, directory: directory)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      for service in services + [directory] { tasks.addTask { try await service.run() } }
      defer { tasks.cancelAll() }
      return try await body(rig)
    }
  }

  /// The same over a fleet of its own.
  static func with<Result: Sendable>(
    _ wiring: Wiring, hosts: Int, pool: SSHPoolSettings = SSHPoolSettings(),
    _ body: @Sendable (Rig, TestFleet) async throws -> Result
  ) async throws -> Result {
    try await TestFleet.with(hosts: hosts) { fleet in
      try await with(wiring, configPath: fleet.configPath, pool: pool) { rig in try await body(rig, fleet) }
    }
  }

  static func target(_ text: String) throws -> Target { try Target.withPath(text) }

  func call(_ tool: String, _ arguments: JSONObject) async throws -> Reply {
    let outcome = try await tools.call(
      tool, arguments: arguments, context: MCPCallContext(requestID: RequestID.mint(), principal: "test"))
    return Reply(outcome: outcome)
  }
}

/// A tool's answer with short ways to its members.
struct Reply: Sendable {
  let outcome: MCPToolOutcome

  var groups: [JSON] { outcome.structured?["groups"]?.array ?? [] }
  var failures: [JSON] { outcome.structured?["failures"]?.array ?? [] }
  /// The codes of all failures, sorted. Where no host answered there is only text, which ends each failure with its code.
  var codes: [String] {
    guard failures.isEmpty else { return failures.compactMap { $0["code"]?.string }.sorted() }
    return outcome.text.matches(of: /\[([a-z_]+)[^\]\n]*\](\n|$)/).map { String($0.1) }.sorted()
  }
  var failedHosts: [String] { failures.compactMap { $0["host"]?.string } }
  var answeredHosts: Int { groups.reduce(0) { $0 + ($1["hosts"]?.array?.count ?? 0) } }
  /// A member of the only group.
  subscript(member: String) -> JSON? { groups.count == 1 ? groups[0][member] : nil }
}
