import Glibc
import UnixSignals

/// A person's one command, which a signal cancels. A value.
struct Errand<Result: Sendable>: Sendable {
  enum Ending: Sendable {
    case done(Result)
    /// By the first signal that came; the command has ended.
    case interrupted(UnixSignal)
  }

  let body: @Sendable () async throws -> Result

  /// Afterwards the signals do again what they do to a process: nobody waits for what is printed then.
  func run() async throws -> Ending {
    defer { for number in [SIGINT, SIGTERM, SIGHUP] { signal(number, SIG_DFL) } }
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    return try await withThrowingTaskGroup(of: Ending?.self) { group in
      group.addTask { .done(try await body()) }
      group.addTask {
        for await signal in signals { return .interrupted(signal) }
        return nil
      }
      defer { group.cancelAll() }
      guard let ending = try await group.next(), let ending else { throw CancellationError() }
      return ending
    }
  }
}
