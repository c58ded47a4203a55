import HTTP2
import Logging
import NIOCore
import NIOPosix
import RPC
import Testing

@testable import AgentAPI

/// Health for orchestrators: in plaintext, and nothing but health.
@Suite struct HealthServerTests {
  /// An agent that drains still answers, on this port as on its others; probes are told from the beginning.
  @Test func whoDrainsDoesNotServe() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let board = HealthBoard()
    let server = try await HealthServer.bind(host: "127.0.0.1", port: 0, board: board, group: group, logger: logger)
    let port = try #require(server.address.port)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      tasks.addTask { try await server.run() }
      let connection = try await HTTP2Connection.connect(
        host: "127.0.0.1", port: port, tls: nil, on: group.any(), timeout: .seconds(10), logger: logger)
      let client = RPCClient(connection: connection, authority: "127.0.0.1:\(port)", isSecure: false)
      var seen: [HealthCheckResponse.ServingStatus] = []
      for isDraining in [false, true] {
        if isDraining { board.drained() }
        let reply = try await client.unary(
          AgentProtocol.healthCheck, try HealthCheckRequest().framed(), deadline: .now + .seconds(10))
        seen.append(try HealthCheckResponse(received: reply.message).status)
      }
      #expect(seen == [.serving, .notServing])
      await connection.shutdown(grace: .zero)
    }
  }

  @Test func itTellsHealthAndNothingElse() async throws {
    let group = MultiThreadedEventLoopGroup.singleton
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    // Beyond loopback, where a link would be refused without TLS.
    let server = try await HealthServer.bind(host: "0.0.0.0", port: 0, group: group, logger: logger)
    let port = try #require(server.address.port)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      tasks.addTask { try await server.run() }
      let connection = try await HTTP2Connection.connect(
        host: "127.0.0.1", port: port, tls: nil, on: group.any(), timeout: .seconds(10), logger: logger)
      let client = RPCClient(connection: connection, authority: "127.0.0.1:\(port)", isSecure: false)
      let deadline = ContinuousClock.now + .seconds(10)
      let reply = try await client.unary(
        AgentProtocol.healthCheck, try HealthCheckRequest().framed(), deadline: deadline)
      #expect(try HealthCheckResponse(received: reply.message).status == .serving)
      let refusal = await #expect(throws: RPCError.self) {
        _ = try await client.unary(AgentProtocol.describe, try DescribeRequest().framed(), deadline: deadline)
      }
      #expect(refusal?.code == .unimplemented)
      await connection.shutdown(grace: .zero)
    }
  }
}
