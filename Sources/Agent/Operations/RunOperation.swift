import AgentAPI
import NIOCore
import SSH

/// A command on a host that policy knows to be harmless. A value. Those with effects: `CommandOperation`.
struct RunOperation: Sendable {
  /// Bytes of output in one event at most: agent.proto, RunEvent.
  static let pieceSize = 64 * 1024

  let context: OperationContext
  let command: RemoteCommand

  /// - Throws: `AgentError` with `refused_by_policy`, before anything reaches the host.
  init(_ request: RunRequest, in context: OperationContext) throws {
    self.context = context
    guard request.kind == .query else {
      throw AgentError(
        code: .refusedByPolicy, message: "this agent runs allow-listed commands only: use the tool `query`")
    }
    switch QueryPolicy.check(request.argv) {
    case .allowed(let argv): command = RemoteCommand(request, argv: argv, bound: context.settings.maxOutput)
    case .refused(let reason): throw AgentError(code: .refusedByPolicy, message: reason)
    }
  }

  func run(_ sink: @escaping ReplySink<RunEvent>) async throws -> CallTimings {
    let start = ContinuousClock.now
    let acceptance = Acceptance(sink: sink)
    let (exit, lease) = try await run(from: start, acceptance, sink)
    try await acceptance.announce()
    var event = RunEvent()
    event.exit = RunExit(exit)
    try await sink(event)
    return context.timings(lease, since: start)
  }

  private func run(
    from start: ContinuousClock.Instant, _ acceptance: Acceptance, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> (CommandExit, LeaseTimings) {
    do {
      return try await context.pool.run(
        context.host.resolved, jumps: context.host.jumps, command, deadline: context.commandDeadline(from: start),
        lastWord: context.lastWord(from: start), waits: { context.slot.waits($0) },
        launched: {
          // From here on the host works, not the agent.
          context.slot.park()
          try await acceptance.announce()
        }
      ) { chunk in
        var bytes = chunk.bytes
        while let piece = bytes.readSlice(length: min(Self.pieceSize, bytes.readableBytes)), piece.readableBytes > 0 {
          var event = RunEvent()
          switch chunk.stream {
          case .stdout: event.stdout = .init(piece.readableBytesView)
          case .stderr: event.stderr = .init(piece.readableBytesView)
          }
          try await sink(event)
        }
      }
    } catch let error as SSHError {
      throw context.explaining(error, from: start)
    }
  }
}

extension RemoteCommand {
  /// - Parameter bound: the agent's, of the output in bytes.
  init(_ request: RunRequest, argv: [String], bound: Int) {
    let wanted = request.maxOutputBytes <= 0 ? bound : min(bound, Int(clamping: request.maxOutputBytes))
    self.init(argv, stdin: request.stdin.isEmpty ? nil : Array(request.stdin), maxOutput: wanted)
  }
}

extension RunExit {
  init(_ exit: CommandExit) {
    self.init()
    switch exit.status {
    case .code(let code): self.code = code
    case .signal(let name): signal = name
    }
    truncated = exit.truncated
    durationMs = exit.duration.wholeMilliseconds
  }
}
