import AgentAPI
import Crypto
import NIOCore
import SSH
import SwiftProtobuf

/// A command with effects: begun at most once under its request id, however often it is asked for. A value.
struct CommandOperation: Sendable {
  static let idLimit = 128

  let context: OperationContext
  let command: RemoteCommand
  private let id: String
  private let body: [UInt8]
  private let mayBegin: Bool

  /// - Throws: `AgentError`, before anything reaches the host.
  init(_ request: RunRequest, in context: OperationContext) throws {
    guard context.settings.runsCommands else {
      throw AgentError(
        code: .refusedByPolicy, message: "this agent runs allow-listed commands only: use the tool `query`")
    }
    let id = request.requestID
    guard (1...Self.idLimit).contains(id.utf8.count), id.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw AgentError(
        code: .invalidArgument,
        message: "a command needs a request_id of 1 to \(Self.idLimit) printable ASCII characters without spaces")
    }
    self.context = context
    self.id = id
    body = try Self.digest(request, principal: context.call.principal)
    mayBegin = !request.resume
    command = RemoteCommand(request, argv: request.argv, bound: context.settings.maxOutput)
  }

  /// - Returns: nil where the host had nothing to do with the answer.
  func run(_ book: CommandBook, _ jobs: CommandJobs, _ sink: @escaping ReplySink<RunEvent>) async throws -> CallTimings?
  {
    switch try book.claim(id, body: body, mayBegin: mayBegin) {
    case .first(let running, let record):
      let job = CommandJob(
        running: running, record: record, context: context, command: command,
        deadline: context.commandDeadline(from: .now), book: book)
      guard jobs.take(job) else {
        let error = AgentError(code: .unreachable, message: "the agent is going away; nothing was run", scope: .agent)
        await book.failed(id, error)
        running.ended(.failure(error))
        throw error
      }
      return try await follow(running, sink)
    case .attached(let running):
      context.slot.park()
      return try await follow(running, sink)
    case .replay(let result):
      try await Self.replay(result, sink)
      return nil
    }
  }

  private func follow(_ running: RunningCommand, _ sink: ReplySink<RunEvent>) async throws -> CallTimings {
    try await running.follow(isLinkLost: { context.call.isLinkLost }, sink)
  }

  private static func replay(_ result: JournalResult, _ sink: ReplySink<RunEvent>) async throws {
    let running = RunningCommand(result.output)
    running.launched()
    var exit = try RunExit(serializedBytes: Array(result.exit.readableBytesView))
    exit.truncated = exit.truncated || result.output.isCut
    running.ended(.success((exit, CallTimings())))
    _ = try await running.follow(isLinkLost: { true }, sink)
  }

  /// What has to be the same for an id to mean the same command: everything but the id itself, and for whom.
  private static func digest(_ request: RunRequest, principal: String) throws -> [UInt8] {
    var request = request
    request.requestID = ""
    request.resume = false
    let bytes: [UInt8] = try request.serializedBytes()
    var hash = SHA256()
    hash.update(data: bytes)
    hash.update(data: SHA256.hash(data: Array(principal.utf8)).map { $0 })
    return Array(hash.finalize())
  }
}
