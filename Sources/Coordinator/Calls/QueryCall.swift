import AgentAPI
import FoundationEssentials
import Routing
import Synchronization

/// Takes the output of a command on all hosts of one call. Sendable: state behind a lock.
final class OutputCollector: Sendable {
  /// What came from one host.
  struct Part: Sendable {
    var stdout = ContentTrie.Cursor()
    var stderr = ContentTrie.Cursor()
    var exit: RunExit?
    /// Output had no room left.
    var isCut = false
  }

  struct State: Sendable {
    var trie: ContentTrie
    var parts: [Part] = []
  }

  private let state: Mutex<State>

  init(capacity: Int) {
    state = Mutex(State(trie: ContentTrie(capacity: capacity)))
  }

  func expect(_ count: Int) {
    state.withLock { $0.parts = [Part](repeating: Part(), count: count) }
  }

  /// Output without room is dropped, not the command: its exit is still wanted.
  ///
  /// - Parameter isFirst: the command runs anew; what came of it before is void.
  func take(_ event: RunEvent, from index: Int, isFirst: Bool) {
    state.withLock { state in
      if isFirst { state.parts[index] = Part() }
      switch event.event {
      case .stdout(let bytes):
        let taken = state.trie.append(bytes, at: &state.parts[index].stdout)
        if taken < bytes.count { state.parts[index].isCut = true }
      case .stderr(let bytes):
        let taken = state.trie.append(bytes, at: &state.parts[index].stderr)
        if taken < bytes.count { state.parts[index].isCut = true }
      case .exit(let exit): state.parts[index].exit = exit
      case .accepted, nil: break
      }
    }
  }

  func hasExit(_ index: Int) -> Bool { state.withLock { $0.parts[index].exit != nil } }

  func finish() -> State {
    state.withLock { state in
      defer { state = State(trie: ContentTrie(capacity: 0)) }
      return state
    }
  }
}

extension CoordinatorCore {
  /// Runs an allow-listed, read-only command, side by side, and folds equal results. The agent holds the policy.
  package func query(
    _ targets: [Target], command: [String], _ options: CallOptions
  ) async throws(TargetError) -> Answer<CommandResult> {
    let start = ContinuousClock.now
    try Self.check(command)
    let collector = OutputCollector(capacity: settings.memoryLimit)
    let asked = try await ask(targets, .run, options, start: start, prepare: { collector.expect($0.asks.count) }) {
      call in
      var request = RunRequest()
      request.host = call.alias
      request.argv = command
      request.kind = .query
      request.maxOutputBytes = Int64(settings.answerLimit)
      request.requestID = "\(call.context.requestID).\(call.index)"
      let timings = try await call.service.run(request, call.context) { event in
        try call.attempt.take { collector.take(event, from: call.index, isFirst: $0) }
      }
      guard collector.hasExit(call.index) else {
        throw AgentError(code: .lost, message: "The command's end was not reported; it may have run.", mayHaveRun: true)
      }
      return timings
    }
    return QueryFold(asked: asked, state: collector.finish()).answer(budget: settings.answerLimit)
  }

  private static func check(_ command: [String]) throws(TargetError) {
    guard let program = command.first, !program.isEmpty else { throw TargetError("command cannot be empty") }
    // As agents bound it.
    guard command.count <= 256, command.reduce(0, { $0 + $1.utf8.count + 1 }) <= 65_536 else {
      throw TargetError("command too long: at most 256 words and 65536 bytes")
    }
    guard !command.contains(where: { $0.utf8.contains(0) }) else { throw TargetError("command contains a null byte") }
  }
}
