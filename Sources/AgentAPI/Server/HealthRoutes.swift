import RPC
import SwiftProtobuf

/// `grpc.health.v1.Health`, answered from a board. A namespace.
///
/// Source: grpc/doc/health-checking.md.
enum HealthRoutes {
  static func routes(_ board: HealthBoard) -> RPCServer.Routes {
    [
      AgentProtocol.healthCheck: .unary { message, _ in
        let request = try HealthCheckRequest(received: message)
        guard HealthBoard.services.contains(request.service) else {
          throw RPCError(.notFound, "there is no service \(request.service)", mayHaveRun: false)
        }
        return RPCAnswer(try response(board.isServing ? .serving : .notServing))
      },
      AgentProtocol.healthWatch: .serverStream { message, _, reply in
        let request = try HealthCheckRequest(received: message)
        let isKnown = HealthBoard.services.contains(request.service)
        for await isServing in board.changes() {
          try await reply.write(try response(isKnown ? (isServing ? .serving : .notServing) : .serviceUnknown))
        }
        try Task.checkCancellation()
        throw AgentRoutes.goingAway
      },
    ]
  }

  private static func response(_ status: HealthCheckResponse.ServingStatus) throws(RPCError) -> FramedMessage {
    try HealthCheckResponse.with { $0.status = status }.framed()
  }
}
