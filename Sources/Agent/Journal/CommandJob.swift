import AgentAPI
import Crypto
import NIOCore
import SSH
import SwiftProtobuf

/// One command on its way through the journal and the host. A value; run once, by the agent, since a caller may leave before it
/// ends.
struct CommandJob: Sendable {
  let running: RunningCommand
  /// That it was accepted, not yet written down.
  let record: JournalRecord
  let context: OperationContext
  let command: RemoteCommand
  let deadline: ContinuousClock.Instant
  let book: CommandBook

  /// Returns when it has ended and the journal says how.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await execute() }
      await running.stopOrdered()
      group.cancelAll()
    }
  }

  private func execute() async {
    let start = ContinuousClock.now
    do {
      try await book.accepted(record)
      let (exit, lease) = try await context.pool.run(
        context.host.resolved, jumps: context.host.jumps, command, deadline: deadline,
        waits: { context.slot.waits($0) }, starting: { try await book.starting(running.id) },
        launched: {
          context.slot.park()
          running.launched()
        }
      ) { chunk in
        running.wrote(chunk.bytes, chunk.stream == .stdout ? .stdout : .stderr)
      }
      running.launched()
      let output = running.output
      var told = RunExit(exit)
      told.truncated = told.truncated || output.isCut
      let bytes: [UInt8] = try told.serializedBytes()
      await book.ended(
        running.id,
        JournalResult(
          exit: ByteBuffer(bytes: bytes), digest: Array(SHA256.hash(data: Array(output.bytes.readableBytesView))),
          output: output))
      running.ended(.success((told, context.timings(lease, since: start))))
    } catch {
      let failure =
        AgentError.from(error, since: start)
        ?? AgentError(code: .internal, message: "the command failed: \(error)", mayHaveRun: true)
      await book.failed(running.id, failure)
      running.ended(.failure(failure))
    }
  }
}

/// Commands that wait for the agent to take them up; bounded by `JournalSettings.running`. Sendable.
struct CommandJobs: Sendable {
  private let stream: AsyncStream<CommandJob>
  private let queue: AsyncStream<CommandJob>.Continuation

  init() { (stream, queue) = AsyncStream.makeStream() }

  /// - Returns: false where nobody will.
  func take(_ job: CommandJob) -> Bool {
    if case .enqueued = queue.yield(job) { true } else { false }
  }

  /// Runs what comes, until the task is cancelled or `finish` is called; then what runs is finished.
  func run() async {
    await withDiscardingTaskGroup { group in
      for await job in stream { group.addTask { await job.run() } }
    }
  }

  func finish() { queue.finish() }
}
