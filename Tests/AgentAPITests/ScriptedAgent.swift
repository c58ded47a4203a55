import AgentAPI
import FoundationEssentials
import SwiftProtobuf
import Synchronization

/// An agent whose answers depend on the name of the host alone, so that a client in any language can ask for each behaviour:
///
/// - `ok`: answers. `Read` streams as many bytes as `limit` says, `List` as many entries, `Run` echoes its arguments.
/// - `hang`: never answers; when it is cancelled it counts that and fails as an agent would.
/// - a failure code: fails so.
/// - anything else: unknown_host.
final class ScriptedAgent: AgentService {
  /// What the calls so far came to.
  struct Tally: Sendable, Hashable {
    var started = 0
    var cancelled = 0
    var chunks = 0
  }
  private let tally = Mutex(Tally())
  private let changes = AsyncStream<Tally>.makeStream(bufferingPolicy: .bufferingNewest(1))
  /// Lets calls of host `gate` go on.
  private let gate = AsyncStream<Void>.makeStream()

  static let timings = CallTimings(
    host: .microseconds(1200), connect: .microseconds(30), queue: .microseconds(4), poolHit: true)

  var current: Tally { tally.withLock { $0 } }

  /// Waits until the tally is as `condition` wants it. One task at a time.
  func until(_ condition: (Tally) -> Bool) async {
    if condition(current) { return }
    for await tally in changes.stream where condition(tally) { return }
  }

  func openGate() { gate.continuation.yield() }

  func describe(_ request: DescribeRequest, _ context: CallContext) async throws -> DescribeReply {
    inventory(context)
  }

  func watch(_ request: WatchRequest, _ context: CallContext, _ sink: @escaping ReplySink<WatchEvent>) async throws {
    count { $0.started += 1 }
    try await sink(WatchEvent.with { $0.inventory = inventory(context) })
    do {
      while true {
        try await sink(WatchEvent.with { $0.heartbeat.pool.bound = 20 })
        try await Task.sleep(for: .milliseconds(Int(max(request.heartbeatMs, 1))))
      }
    } catch {
      count { $0.cancelled += 1 }
      throw error
    }
  }

  func stat(_ request: StatRequest, _ context: CallContext) async throws -> (FileInfo, CallTimings) {
    try await act(request.host, context)
    let info = FileInfo.with {
      $0.name = request.path
      $0.type = .regular
      $0.size = 1 << 40
      $0.mode = 0o644
    }
    return (info, Self.timings)
  }

  func read(
    _ request: ReadRequest, _ context: CallContext, _ sink: @escaping ReplySink<ReadChunk>
  ) async throws -> CallTimings {
    try await act(request.host, context)
    try await sink(ReadChunk.with { $0.info.size = request.limit })
    var rest = Int(request.limit)
    while rest > 0 {
      let count = min(rest, 256 << 10)
      try await sink(ReadChunk.with { $0.data = Data(repeating: 7, count: count) })
      self.count { $0.chunks += 1 }
      rest -= count
    }
    return Self.timings
  }

  func list(
    _ request: ListRequest, _ context: CallContext, _ sink: @escaping ReplySink<ListBatch>
  ) async throws -> CallTimings {
    try await act(request.host, context)
    for first in stride(from: 0, to: Int(request.limit), by: 100) {
      try await sink(
        ListBatch.with { batch in
          batch.entries = (first..<min(first + 100, Int(request.limit))).map { index in
            Entry.with { $0.name = Data("entry \(index)".utf8) }
          }
        })
    }
    try await sink(ListBatch.with { $0.totalSeen = Int64(request.limit) })
    return Self.timings
  }

  func run(
    _ request: RunRequest, _ context: CallContext, _ sink: @escaping ReplySink<RunEvent>
  ) async throws -> CallTimings {
    try await act(request.host, context)
    try await sink(RunEvent.with { $0.accepted = RunAccepted() })
    try await sink(RunEvent.with { $0.stdout = Data(request.argv.joined(separator: " ").utf8) })
    try await sink(RunEvent.with { $0.stderr = Data("\(context.principal) \(context.requestID)".utf8) })
    try await sink(RunEvent.with { $0.exit.code = 3 })
    return Self.timings
  }

  private func inventory(_ context: CallContext) -> DescribeReply {
    DescribeReply.with {
      $0.agentName = "scripted"
      $0.segment = context.principal
      $0.protocolVersion = AgentProtocol.version
      $0.hosts = [HostInfo.with { $0.alias = "ok" }]
    }
  }

  private func act(_ host: String, _ context: CallContext) async throws {
    count { $0.started += 1 }
    switch host {
    case "ok": return
    case "gate":
      for await _ in gate.stream { return }
    case "hang":
      let start = ContinuousClock.now
      do {
        while true { try await Task.sleep(for: .seconds(60)) }
      } catch {
        count { $0.cancelled += 1 }
        throw AgentError(
          code: .cancelled, message: "stopped", phase: "operation", elapsed: start.duration(to: .now), mayHaveRun: true)
      }
    default:
      let code = FailureCode(rawValue: host)
      throw AgentError(
        code: code ?? .unknownHost, message: "as told: \(host)", phase: "operation", elapsed: .milliseconds(12),
        retryAfter: code == .overloaded ? .milliseconds(50) : nil)
    }
  }

  private func count(_ change: (inout Tally) -> Void) {
    let now = tally.withLock { tally in
      change(&tally)
      return tally
    }
    changes.continuation.yield(now)
  }
}
