package import HTTP2
package import Logging
package import NIOCore
import RPC
import ServiceLifecycle

/// Serves an `AgentService`, and health, to coordinators. A value; it listens from `bind` on and answers from `run` on.
///
/// On graceful shutdown it drains: health says NOT_SERVING, watches end, no new calls are taken, and those that run may finish
/// for as long as `grace`.
package struct AgentServer: Service {
  /// How long calls that run at shutdown may take to finish.
  package var grace: Duration = .seconds(30)

  private let server: RPCServer
  private let board: HealthBoard
  private let logger: Logger

  /// Listens.
  ///
  /// - Parameters:
  ///   - port: 0 takes any; `address` says which.
  ///   - tls: A client's certificate is required then. Without it, `host` has to be a loopback address.
  ///   - board: What health probes are told; the agent's, where it is reached in other ways, too.
  /// - Throws: HTTP2Error `plaintextRefused`, `invalidConfiguration` or `connectFailed`, whose message names the address.
  package static func bind(
    _ service: any AgentService, host: String, port: Int, tls: HTTP2TLS?, http2: HTTP2Settings = HTTP2Settings(),
    board: HealthBoard = HealthBoard(), group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> AgentServer {
    let server = try await RPCServer.bind(
      host: host, port: port, tls: tls, routes: AgentRoutes(service: service, logger: logger).all(with: board),
      http2: tls == nil ? http2 : http2.authenticated, group: group, logger: logger)
    return AgentServer(server: server, board: board, logger: logger)
  }

  private init(server: RPCServer, board: HealthBoard, logger: Logger) {
    self.server = server
    self.board = board
    self.logger = logger
  }

  /// Where it listens.
  package var address: SocketAddress { server.localAddress }

  /// As `HTTP2Server.replace`.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) { try server.replace(tls) }

  /// Answers calls until graceful shutdown, or until the task is cancelled, which cancels them. Once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await server.run() }
      do {
        try await gracefulShutdown()
        logger.info("Draining", metadata: ["address": "\(address)", "grace": "\(grace)"])
        board.drained()
        await server.shutdown(grace: grace)
      } catch {
        board.drained()
        await server.shutdown(grace: .zero)
      }
    }
  }
}
