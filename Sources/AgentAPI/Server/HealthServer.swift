package import HTTP2
package import Logging
package import NIOCore
import RPC
import ServiceLifecycle

/// Answers `grpc.health.v1.Health` and nothing else, in plaintext and to anybody: for orchestrators, whose probes show no
/// certificate. A value; it listens from `bind` on and answers from `run` on.
///
/// Says NOT_SERVING once graceful shutdown has begun, or the agent's board says so.
package struct HealthServer: Service {
  private let server: RPCServer
  private let board: HealthBoard

  /// Listens, on any address.
  ///
  /// - Parameters:
  ///   - port: 0 takes any; `address` says which.
  ///   - board: The agent's.
  /// - Throws: HTTP2Error `connectFailed`, whose message names the address.
  package static func bind(
    host: String, port: Int, board: HealthBoard = HealthBoard(), group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> HealthServer {
    var http2 = HTTP2Settings()
    http2.maxConnections = 32
    http2.isPlaintextForAll = true
    var rpc = RPCSettings()
    rpc.maxMessageBytes = 1 << 10
    let server = try await RPCServer.bind(
      host: host, port: port, tls: nil, routes: HealthRoutes.routes(board), http2: http2, settings: rpc, group: group,
      logger: logger)
    return HealthServer(server: server, board: board)
  }

  /// Where it listens.
  package var address: SocketAddress { server.localAddress }

  /// Answers until graceful shutdown, or until the task is cancelled. Once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await server.run() }
      try? await gracefulShutdown()
      board.drained()
      await server.shutdown(grace: Task.isCancelled ? .zero : .seconds(1))
    }
  }
}
