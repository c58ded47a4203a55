import AgentAPI
import NIOCore
import SSH

/// A command on a host, after the agent's own policy has allowed it. A value.
struct RunOperation: Sendable {
  /// Bytes of output in one event at most: agent.proto, RunEvent.
  static let pieceSize = 64 * 1024
  /// Kept back from the caller's time, so that ending a command that runs too long, and saying so, still fits into it.
  static let endingReserve: Duration = .seconds(2)

  let context: OperationContext
  let command: RemoteCommand

  /// - Throws: `AgentError` with `refused_by_policy`, before anything reaches the host.
  init(_ request: RunRequest, in context: OperationContext) throws {
    self.context = context
    let argv: [String]
    switch request.kind {
    case .query:
      switch QueryPolicy.check(request.argv) {
      case .allowed(let allowed): argv = allowed
      case .refused(let reason): throw AgentError(code: .refusedByPolicy, message: reason)
      }
    case .command, .unspecified, .UNRECOGNIZED:
      throw AgentError(
        code: .refusedByPolicy, message: "this agent runs allow-listed commands only: use the tool `query`")
    }
    let bound = context.settings.maxOutput
    let wanted = request.maxOutputBytes <= 0 ? bound : min(bound, Int(clamping: request.maxOutputBytes))
    command = RemoteCommand(argv, stdin: request.stdin.isEmpty ? nil : Array(request.stdin), maxOutput: wanted)
  }

  func run(_ sink: @escaping ReplySink<RunEvent>) async throws -> CallTimings {
    let start = ContinuousClock.now
    let acceptance = Acceptance(sink: sink)
    let (exit, lease) = try await context.pool.run(
      context.host.resolved, jumps: context.host.jumps, command, deadline: commandDeadline(from: start),
      launched: { try await acceptance.announce() }
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
    try await acceptance.announce()
    var event = RunEvent()
    event.exit = RunExit(exit)
    try await sink(event)
    return CallTimings(lease, total: start.duration(to: .now))
  }

  /// A fifth of what remains, two seconds at most, is kept for the ending.
  private func commandDeadline(from start: ContinuousClock.Instant) -> ContinuousClock.Instant {
    let remaining = start.duration(to: context.call.deadline)
    let reserve = min(remaining / 5, Self.endingReserve)
    return min(context.call.deadline - reserve, start + context.settings.commandTimeout)
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
