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

@testable import scout

/// The suites that ask hosts something. One after another, since each wants half of the machine; the other half is for `FleetTests`.
@Suite(.serialized) enum EndToEnd {}

/// The suites of agents and coordinators that come, go, join and fail. One after another, beside `EndToEnd`.
@Suite(.serialized) enum FleetTests {}

/// Everything between a tool call and a real sshd: tools, directory, agent, pool and, where wanted, the HTTP/2 link between
/// them, in this process or in two of their own.
struct Rig: Sendable {
  /// How the coordinator reaches its agent.
  enum Wiring: String, CaseIterable, Sendable {
    /// By calling it.
    case embedded
    /// Over a link on loopback.
    case link
    /// Over that link between two processes, which are asked by MCP over HTTP.
    case listener

    /// Where processes and HTTP between add nothing but time, and for what no MCP client can do.
    static let inThisProcess: [Wiring] = [.embedded, .link]
  }

  /// What there is to look into. A value.
  struct Inside: Sendable {
    let core: CoordinatorCore
    let pool: SSHPool
  }

  private let caller: any ToolCaller
  /// nil where the processes are others.
  let inside: Inside?

  /// Runs `body` with a rig over the hosts of an ssh_config. The pool's and the calls' settings are for a rig in this process.
  static func with<Result: Sendable>(
    _ wiring: Wiring, configPath: String, pool poolSettings: SSHPoolSettings = SSHPoolSettings(),
    calls: CallSettings = CallSettings(), _ body: @Sendable (Rig) async throws -> Result
  ) async throws -> Result {
    guard wiring != .listener else { return try await withProcesses(configPath: configPath, body) }
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
    let rig = Rig(
      caller: LocalToolCaller(tools: ToolSet(core: core)), inside: Inside(core: core, pool: pool))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      for service in services + [directory] { tasks.addTask { try await service.run() } }
      defer { tasks.cancelAll() }
      return try await body(rig)
    }
  }

  /// An agent and a coordinator as users start them.
  private static func withProcesses<Result: Sendable>(
    configPath: String, _ body: @Sendable (Rig) async throws -> Result
  ) async throws -> Result {
    // No checks of hosts that were not asked: the tests count logins.
    let agent = try ScoutProcess([
      "agent", "--listen", "127.0.0.1:0", "--name", "a", "--ssh-config", configPath, "--check-interval", "0",
    ])
    let coordinator = try ScoutProcess([
      "coordinator", "--http-port", "0", "--no-embedded-agent", "--agent",
      "dc1=http://127.0.0.1:\(try await agent.port())",
    ])
    defer { withExtendedLifetime((agent, coordinator)) {} }
    let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
    return try await body(Rig(caller: RemoteToolCaller(url: url, apiKey: nil, timeout: .seconds(90)), inside: nil))
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
    Reply(try await caller.call(tool, arguments))
  }
}

/// A tool's answer with short ways to its members.
struct Reply: Sendable {
  let outcome: MCPToolOutcome

  /// - Parameter result: of tools in this process or of a coordinator's, which a command at `--url` sees alike.
  init(_ result: ToolResult) {
    outcome = MCPToolOutcome(structured: result.structured, text: result.text, isError: result.isError)
  }

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
