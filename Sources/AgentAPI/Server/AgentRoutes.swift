import Logging
import NIOCore
import RPC
import ServiceLifecycle
import SwiftProtobuf

/// The methods of `AgentService` as RPC serves them. A value.
struct AgentRoutes: Sendable {
  let service: any AgentService
  let logger: Logger

  /// How a watch ends when the agent drains.
  static let goingAway = RPCError(
    AgentError(code: .unreachable, message: "the agent is going away", scope: .agent))

  /// These and the health service's.
  func all(with board: HealthBoard) -> RPCServer.Routes {
    routes.merging(HealthRoutes.routes(board)) { own, _ in own }
  }

  var routes: RPCServer.Routes {
    [
      AgentProtocol.describe: .unary { message, call in
        let request = try DescribeRequest(received: message)
        return try await answering(call) { context in
          RPCAnswer(try await service.describe(request, context).framed())
        }
      },
      AgentProtocol.stat: .unary { message, call in
        let request = try StatRequest(received: message)
        return try await answering(call) { context in
          let (info, timings) = try await service.stat(request, context)
          return RPCAnswer(try info.framed(), trailers: timings.metadata)
        }
      },
      AgentProtocol.watch: .serverStream { message, call, reply in
        let request = try WatchRequest(received: message)
        // It has no end of its own, so a drain must not wait for one.
        return try await answering(call, timeout: AgentProtocol.unbounded) { context in
          try await cancelWhenGracefulShutdown {
            try await withGoingAway { try await service.watch(request, context) { try await reply.write($0.framed()) } }
          }
          return RPCMetadata()
        }
      },
      AgentProtocol.read: .serverStream { message, call, reply in
        let request = try ReadRequest(received: message)
        return try await answering(call) { context in
          try await service.read(request, context) { try await reply.write($0.framed()) }.metadata
        }
      },
      AgentProtocol.list: .serverStream { message, call, reply in
        let request = try ListRequest(received: message)
        return try await answering(call) { context in
          try await service.list(request, context) { try await reply.write($0.framed()) }.metadata
        }
      },
      AgentProtocol.run: .serverStream { message, call, reply in
        let request = try RunRequest(received: message)
        return try await answering(call) { context in
          try await service.run(request, context) { try await reply.write($0.framed()) }.metadata
        }
      },
    ]
  }

  /// Runs one method; its failure becomes a status.
  private func answering<Answer>(
    _ call: RPCContext, timeout: Duration = AgentProtocol.defaultTimeout,
    _ body: (CallContext) async throws -> Answer
  ) async throws -> Answer {
    let context = CallContext(call, timeout: timeout) { RequestID.make() }
    do {
      return try await body(context)
    } catch var error as AgentError {
      // Being cancelled is how a method learns of its deadline.
      if error.code == .cancelled, ContinuousClock.now >= context.deadline {
        error.code = .timeout
        error.message = "the deadline passed: \(error.message)"
      }
      throw RPCError(error)
    } catch is CancellationError {
      throw CancellationError()
    } catch let error as RPCError {
      throw error
    } catch {
      logger.error(
        "A request failed with an error that is not an AgentError",
        metadata: ["request_id": "\(context.requestID)", "method": "\(call.path)", "error": "\(error)"])
      throw RPCError(AgentError(code: .internal, message: "the agent failed; its log says more", mayHaveRun: true))
    }
  }

  /// A watch that ends because the agent drains says so.
  private func withGoingAway(_ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch {
      throw Task.isShuttingDownGracefully ? Self.goingAway : error
    }
    if Task.isShuttingDownGracefully { throw Self.goingAway }
  }
}
