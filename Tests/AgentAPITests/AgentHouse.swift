import AgentAPI
import HTTP2
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Agents' servers and links to them, for tests.
enum AgentHouse {
  static let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
  static let logger: Logger = {
    var logger = Logger(label: "AgentAPITests")
    logger.logLevel = .critical
    return logger
  }()

  /// A busy machine is no failure.
  static let patient: LinkSettings = {
    var settings = LinkSettings()
    settings.connectTimeout = .seconds(50)
    settings.http2.pingTimeout = .seconds(50)
    return settings
  }()

  static var context: CallContext { CallContext(deadline: .now + .seconds(60), requestID: "r-1", principal: "tester") }

  /// Serves `agent` while `body` runs, then drains. `body` may drain earlier by the group that it gets.
  static func serving<R: Sendable>(
    _ agent: any AgentService, host: String = "127.0.0.1", port: Int = 0, grace: Duration = .zero,
    _ body: (_ port: Int, _ running: ServiceGroup) async throws -> R
  ) async throws -> R {
    var server = try await AgentServer.bind(
      agent, host: host, port: port, tls: nil, http2: patient.http2, group: group, logger: logger)
    server.grace = grace
    let bound = server.address.port!
    return try await running(server) { try await body(bound, $0) }
  }

  /// A link to the agent at `port` while `body` runs.
  static func linked<R: Sendable>(
    to port: Int, host: String = "127.0.0.1", settings: LinkSettings = patient, _ body: (RemoteAgent) async throws -> R
  ) async throws -> R {
    let remote = RemoteAgent(
      target: AgentTarget(name: "dc1", host: host, port: port), settings: settings, group: group, logger: logger)
    return try await running(remote) { _ in try await body(remote) }
  }

  static func running<R: Sendable>(
    _ service: any Service, _ body: (ServiceGroup) async throws -> R
  ) async throws -> R {
    let services = ServiceGroup(services: [service], logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await services.run() }
      let result: Result<R, any Error>
      do {
        result = .success(try await body(services))
      } catch {
        result = .failure(error)
      }
      await services.triggerGracefulShutdown()
      try await tasks.waitForAll()
      return try result.get()
    }
  }
}

/// Confined to its event loop. Takes no notice.
final class Deaf: HTTP2StreamHandler {
  func received(head: [HTTP2Header], endStream: Bool) {}
  func received(data: ByteBuffer, endStream: Bool) {}
  func received(trailers: [HTTP2Header]) {}
  func writable() {}
  func closed(_ error: HTTP2Error?) {}
}
