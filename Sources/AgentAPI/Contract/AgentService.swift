/// Takes one message of a stream. It suspends until the receiver wants more (flow control), and throws when the receiver has gone:
/// the caller lets that error pass. Called by one task at a time.
package typealias ReplySink<Message> = @Sendable (Message) async throws -> Void

/// What an agent does, as Protocol/scout/agent/v1/agent.proto defines it. The agent implements it, `RemoteAgent` implements it over
/// a link, and an embedded agent is called directly: its callers cannot tell.
///
/// Every method throws `AgentError` (and what `sink` throws, unchanged). Cancelling the task cancels the call. All are bound by
/// `CallContext.deadline`.
package protocol AgentService: Sendable {
  func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply
  /// Returns only by throwing: it ends when the task is cancelled, the deadline passes or the agent goes.
  func watch(_ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>) async throws
  func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings)
  func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings
  func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings
  func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings
}
