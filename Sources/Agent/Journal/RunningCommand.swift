import AgentAPI
import NIOCore
import Synchronization

/// A command under way, for everybody who asked for it: what it has written, and how it ended. Sendable: state behind a lock.
///
/// It belongs to the agent, not to a caller. One whose link breaks may come back for it; one who gives up ends it, if
/// nobody else follows it.
final class RunningCommand: Sendable {
  enum Event: Sendable {
    /// Once, first.
    case accepted
    case output(CommandOutput.Stream, ByteBuffer)
    /// The last.
    case exit(RunExit, CallTimings)
  }

  /// Where a follower has come to. A value.
  struct Cursor: Sendable {
    fileprivate var isAccepted = false
    fileprivate var offset = 0
    fileprivate var segment = 0
  }

  private struct State {
    var isLaunched = false
    var output = CommandOutput()
    var ending: Result<(RunExit, CallTimings), AgentError>?
    var followers = 0
    var isStopped = false
    var stopper: CheckedContinuation<Void, Never>?
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter: UInt64 = 0
  }

  /// Bytes of output in one event at most: agent.proto, RunEvent.
  private static let pieceSize = 64 * 1024

  let id: String
  private let state = Mutex(State())

  init(id: String) { self.id = id }

  /// One that has ended, to be told again.
  init(_ output: CommandOutput) {
    id = ""
    state.withLock { $0.output = output }
  }

  // MARK: What happens to it

  func launched() { change { $0.isLaunched = true } }

  func wrote(_ bytes: ByteBuffer, _ stream: CommandOutput.Stream) { change { $0.output.append(bytes, stream) } }

  /// Once. Whoever waits for the order to stop need not any longer.
  func ended(_ ending: Result<(RunExit, CallTimings), AgentError>) {
    change { $0.ending = ending }
    state.withLock { $0.stopper.take() }?.resume()
  }

  var output: CommandOutput { state.withLock { $0.output } }

  /// Returns when nobody wants it any more, or when it has ended.
  func stopOrdered() async {
    await withCheckedContinuation { continuation in
      let isDue = state.withLock { state in
        guard !state.isStopped, state.ending == nil else { return true }
        state.stopper = continuation
        return false
      }
      if isDue { continuation.resume() }
    }
  }

  // MARK: Followers

  /// Passes on everything from the beginning to the end.
  ///
  /// - Parameter isLinkLost: asked when the caller is cancelled: whether it may come back.
  /// - Throws: AgentError, what `sink` throws, and CancellationError.
  func follow(isLinkLost: () -> Bool, _ sink: ReplySink<RunEvent>) async throws -> CallTimings {
    state.withLock { $0.followers += 1 }
    do {
      var cursor = Cursor()
      while true {
        var event = RunEvent()
        switch try await next(&cursor) {
        case .accepted: event.accepted = RunAccepted()
        case .output(.stdout, let bytes): event.stdout = .init(bytes.readableBytesView)
        case .output(.stderr, let bytes): event.stderr = .init(bytes.readableBytesView)
        case .exit(let exit, let timings):
          event.exit = exit
          try await sink(event)
          left(forGood: false)
          return timings
        }
        try await sink(event)
      }
    } catch {
      left(forGood: Task.isCancelled && !isLinkLost())
      throw error
    }
  }

  private func left(forGood: Bool) {
    let stopper = state.withLock { state in
      state.followers -= 1
      guard forGood, state.followers == 0 else { return CheckedContinuation<Void, Never>?.none }
      state.isStopped = true
      return state.stopper.take()
    }
    stopper?.resume()
  }

  private func next(_ cursor: inout Cursor) async throws -> Event {
    while true {
      if let event = try state.withLock({ try Self.event(after: &cursor, in: $0) }) { return event }
      await changed(after: cursor)
      try Task.checkCancellation()
    }
  }

  private static func event(after cursor: inout Cursor, in state: State) throws(AgentError) -> Event? {
    guard cursor.isAccepted || !state.isLaunched else {
      cursor.isAccepted = true
      return .accepted
    }
    if let (stream, bytes) = state.output.piece(after: cursor.offset, segment: &cursor.segment, limit: pieceSize) {
      cursor.offset += bytes.readableBytes
      return .output(stream, bytes)
    }
    guard let (exit, timings) = try state.ending?.get() else { return nil }
    return .exit(exit, timings)
  }

  // MARK: Waiting

  private func change(_ body: (inout State) -> Void) {
    let waiting = state.withLock { state in
      body(&state)
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume() }
  }

  private func changed(after cursor: Cursor) async {
    let id = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let waits = state.withLock { state in
          // A task that is cancelled by now has had its handler called, to no effect.
          let hasMore =
            (state.isLaunched && !cursor.isAccepted) || state.output.count > cursor.offset || state.ending != nil
          guard !hasMore, !Task.isCancelled else { return false }
          state.waiting[id] = continuation
          return true
        }
        if !waits { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
    }
  }
}
