package import RPC

/// Sendable. An agent at the other end of connections that come and go; whoever conforms says which one a call takes, and gets
/// `AgentService` from here.
///
/// A call that provably never reached the agent (the connection was draining, or ended before it left) is made again on the next
/// connection, whatever it does.
package protocol LinkedAgent: AgentService {
  /// For messages, such as `dc1 at 10.0.0.5:7443`.
  var whereabouts: String { get }

  /// A connection to call by; waits for one where there is none, for a while and at most until `deadline`.
  ///
  /// - Throws: `unreachable`, which names the agent, or `cancelled`; nothing has run.
  func client(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient
  /// The same for a watch, which is there all the time: that it waits is no reason to dial sooner.
  func watchingClient(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient
}

extension LinkedAgent {
  package func watchingClient(deadline: ContinuousClock.Instant) async throws(AgentError) -> RPCClient {
    try await client(deadline: deadline)
  }

  package func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
    try await call(context) { client, metadata in
      let reply = try await client.unary(
        AgentProtocol.describe, try request.framed(), metadata: metadata, deadline: context.deadline)
      return try DescribeReply(answered: reply.message)
    }
  }

  package func watch(
    _ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>
  ) async throws {
    let start = ContinuousClock.now
    try await call(context, isWatch: true) { client, metadata in
      _ = try await client.serverStream(
        AgentProtocol.watch, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try WatchEvent(answered: $0)) }
    }
    throw AgentError(
      RPCError(.unavailable, "the agent ended the watch", mayHaveRun: false), agent: whereabouts,
      elapsed: start.duration(to: .now))
  }

  package func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
    try await call(context) { client, metadata in
      let reply = try await client.unary(
        AgentProtocol.stat, try request.framed(), metadata: metadata, deadline: context.deadline)
      return (try FileInfo(answered: reply.message), CallTimings(reply.trailers))
    }
  }

  package func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.read, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try ReadChunk(answered: $0)) }
      return CallTimings(trailers)
    }
  }

  package func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.list, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try ListBatch(answered: $0)) }
      return CallTimings(trailers)
    }
  }

  package func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings {
    try await call(context) { client, metadata in
      let trailers = try await client.serverStream(
        AgentProtocol.run, try request.framed(), metadata: metadata, deadline: context.deadline
      ) { try await sink(try RunEvent(answered: $0)) }
      return CallTimings(trailers)
    }
  }

  func call<Answer>(
    _ context: CallContext, isWatch: Bool = false, _ body: (RPCClient, RPCMetadata) async throws -> Answer
  ) async throws -> Answer {
    let start = ContinuousClock.now
    var attempt = 1
    while true {
      let deadline = context.deadline
      let client = isWatch ? try await watchingClient(deadline: deadline) : try await client(deadline: deadline)
      do {
        return try await body(client, context.metadata)
      } catch let error as RPCError {
        // The agent's handlers have not seen it: the link was lost before, or the stream was refused. A status of the agent's own
        // may have run. A call is made three times at most.
        let wasRefused = error.scope == .connection || error.code == .unavailable
        let isWorthRepeating = wasRefused && !error.mayHaveRun && attempt < 3
        guard isWorthRepeating else {
          throw AgentError(error, agent: whereabouts, elapsed: start.duration(to: .now))
        }
        attempt += 1
      }
    }
  }
}
