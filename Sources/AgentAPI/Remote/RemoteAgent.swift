package import Logging
package import NIOCore
import RPC
import ServiceLifecycle

/// Sendable: its state is its link's. An agent at the other end of a link; `run` keeps the link.
///
/// A call that finds the link down waits for it, at most the connect timeout. A call that provably never reached the agent
/// (the connection was draining, or ended before it left) is made again on the next connection, whatever it does.
package final class RemoteAgent: AgentService, Service {
  private let link: RemoteLink

  /// A call is made at most so often.
  private static let attempts = 3

  package init(
    target: AgentTarget, settings: LinkSettings = LinkSettings(), group: any EventLoopGroup, logger: Logger
  ) {
    link = RemoteLink(target: target, settings: settings, group: group, logger: logger)
  }

  package var target: AgentTarget { link.target }
  package var state: LinkState { link.linkState }

  /// The link's state now and at each change, the latest one only for a slow reader; ends with `run`.
  package func states() -> AsyncStream<LinkState> { link.states() }

  /// Keeps the link until graceful shutdown or cancellation. Once.
  package func run() async throws {
    await link.run()
  }

  package func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
    try await call(context) { client, metadata in
      let reply = try await client.unary(
        AgentProtocol.describe, try request.framed(), metadata: metadata, deadline: context.deadline)
      return try DescribeReply(received: reply.message)
    }
  }

  package func watch(
    _ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>
  ) async throws {
    try await call(context) { client, metadata in
      _ = try await client.serverStream(
        AgentProtocol.watch, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try WatchEvent(received: $0)) }
      throw RPCError(.unavailable, "the agent ended the watch", mayHaveRun: false)
    }
  }

  package func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
    try await call(context) { client, metadata in
      let reply = try await client.unary(
        AgentProtocol.stat, try request.framed(), metadata: metadata, deadline: context.deadline)
      return (try FileInfo(received: reply.message), CallTimings(reply.trailers))
    }
  }

  package func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.read, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try ReadChunk(received: $0)) }
      return CallTimings(trailers)
    }
  }

  package func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.list, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try ListBatch(received: $0)) }
      return CallTimings(trailers)
    }
  }

  package func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.run, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try RunEvent(received: $0)) }
      return CallTimings(trailers)
    }
  }

  private func call<Answer>(
    _ context: CallContext, _ body: (RPCClient, RPCMetadata) async throws -> Answer
  ) async throws -> Answer {
    let start = ContinuousClock.now
    var attempt = 1
    while true {
      let client = try await link.client(deadline: context.deadline)
      do {
        return try await body(client, context.metadata)
      } catch let error as RPCError {
        let isWorthRepeating = error.scope == .connection && !error.mayHaveRun && attempt < Self.attempts
        guard isWorthRepeating else {
          throw AgentError(error, agent: target.description, elapsed: start.duration(to: .now))
        }
        attempt += 1
      }
    }
  }
}
