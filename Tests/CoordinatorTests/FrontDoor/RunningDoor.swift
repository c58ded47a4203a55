import Coordinator
import Logging
import MCP
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Telemetry
import Testing

/// An HTTP front door that listens on a free port for the duration of a closure.
struct RunningDoor: Sendable {
  let client: DoorClient
  let tools: DoorTools
  let registry: MetricsRegistry
  let services: ServiceGroup

  var port: Int { client.port }

  static func with<Value: Sendable>(
    _ change: (inout FrontDoorSettings) throws -> Void = { _ in }, _ body: (RunningDoor) async throws -> Value
  ) async throws -> Value {
    var settings = FrontDoorSettings()
    settings.port = 0
    try change(&settings)
    let tools = DoorTools()
    let registry = MetricsRegistry()
    var logger = Logger(label: "door")
    logger.logLevel = .error
    let door = try HTTPDoor(
      settings: settings, server: DoorTools.server(tools), provider: tools, registry: registry,
      group: MultiThreadedEventLoopGroup.singleton, logger: logger)
    let services = ServiceGroup(services: [door], logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await services.run() }
      let port = try await door.address().port ?? 0
      let running = RunningDoor(
        client: DoorClient(port: port), tools: tools, registry: registry, services: services)
      let value = try await body(running)
      await services.triggerGracefulShutdown()
      try await group.waitForAll()
      return value
    }
  }

  /// A legacy session's id.
  func session(_ version: String = "2025-11-25", _ headers: [(String, String)] = []) async throws -> String {
    var request = DoorClient.Request.initialize(version)
    request.headers += headers
    let answer = try await client.send(request)
    return answer.headers.first(name: "mcp-session-id") ?? ""
  }

  /// Sends the request and expects that status.
  func expect(
    _ status: Int, _ request: DoorClient.Request, by client: DoorClient? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let answer = try await (client ?? self.client).send(request)
    #expect(answer.status == status, "\(answer)", sourceLocation: sourceLocation)
  }

  /// Polls until `condition` holds, for at most five seconds.
  func expectEventually(sourceLocation: SourceLocation = #_sourceLocation, _ condition: () -> Bool) async throws {
    for _ in 0..<500 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    #expect(condition(), sourceLocation: sourceLocation)
  }
}
