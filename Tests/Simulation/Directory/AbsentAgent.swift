import AgentAPI

/// A link's other end that nobody asks anything. A value.
struct AbsentAgent: AgentService {
  private var absence: AgentError { AgentError(code: .unreachable, message: "there is no agent", scope: .agent) }

  func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply { throw absence }

  func watch(_ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>) async throws {
    throw absence
  }

  func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) { throw absence }

  func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings { throw absence }

  func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings { throw absence }

  func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings { throw absence }
}
