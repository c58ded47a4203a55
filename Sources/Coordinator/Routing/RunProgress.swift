import AgentAPI
import Synchronization

/// What of a command's events has been passed on, over several attempts. Sendable: state behind a lock; `take` is called by one task
/// at a time.
final class RunProgress: Sendable {
  private struct State {
    var wasAccepted = false
    /// Bytes of output passed on, of both streams.
    var passed = 0
    /// Bytes that this attempt has told.
    var told = 0
    var isRefused = false
  }

  private let sink: ReplySink<RunEvent>
  private let state = Mutex(State())

  init(_ sink: @escaping ReplySink<RunEvent>) { self.sink = sink }

  var wasAccepted: Bool { state.withLock { $0.wasAccepted } }
  /// The receiver wants no more.
  var isRefused: Bool { state.withLock { $0.isRefused } }

  func attemptBegan() { state.withLock { $0.told = 0 } }

  func take(_ event: RunEvent) async throws {
    guard let rest = state.withLock({ Self.rest(of: event, &$0) }) else { return }
    do {
      try await sink(rest)
    } catch {
      state.withLock { $0.isRefused = true }
      throw error
    }
  }

  /// The part of an event that is new; nil: none.
  private static func rest(of event: RunEvent, _ state: inout State) -> RunEvent? {
    var event = event
    switch event.event {
    case .accepted?:
      defer { state.wasAccepted = true }
      return state.wasAccepted ? nil : event
    case .stdout(let bytes)?:
      let known = advance(by: bytes.count, &state)
      event.stdout = bytes.dropFirst(known)
      return known < bytes.count ? event : nil
    case .stderr(let bytes)?:
      let known = advance(by: bytes.count, &state)
      event.stderr = bytes.dropFirst(known)
      return known < bytes.count ? event : nil
    case .exit?, nil: return event
    }
  }

  /// - Returns: how many of the next bytes were passed on before.
  private static func advance(by count: Int, _ state: inout State) -> Int {
    let known = min(count, max(0, state.passed - state.told))
    state.told += count
    state.passed = max(state.passed, state.told)
    return known
  }
}
