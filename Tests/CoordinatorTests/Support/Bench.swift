import AgentAPI
import Coordinator
import Logging
import MCP
import Telemetry

/// A coordinator over virtual agents, with its directory running for the time of `body`.
func withCoordinator<R: Sendable>(
  _ agents: VirtualAgent..., settings: CallSettings = CallSettings(), patience: Duration = .seconds(5),
  metrics: MetricsRegistry? = nil, _ body: @Sendable (CoordinatorCore) async throws -> R
) async throws -> R {
  let links = agents.enumerated().map { index, agent in
    AgentLink(name: "agent\(index + 1)", segment: agent.segment, service: agent)
  }
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  let directory = AgentDirectory(links: links, patience: patience, logger: logger)
  let core = CoordinatorCore(
    directory: directory, settings: settings, observer: CallObserver(metrics: metrics, audit: nil))
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await directory.run() }
    defer { group.cancelAll() }
    return try await body(core)
  }
}

extension CoordinatorCore {
  /// Calls a tool as a front door would.
  func call(
    _ tool: String, _ arguments: JSONObject, progress: FanOut.Progress? = nil
  ) async throws -> MCPToolOutcome {
    try await ToolSet(core: self).call(
      tool, arguments: arguments, context: MCPCallContext(requestID: "test-1", principal: "tester", progress: progress))
  }
}

extension JSON {
  subscript(index: Int) -> JSON? {
    guard let array, array.indices.contains(index) else { return nil }
    return array[index]
  }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
