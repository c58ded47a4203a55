import AgentAPI
import FoundationEssentials
import Routing

/// What came of a command on one host. A value.
struct OutputPart: CollectedPart {
  var stdout = ContentTrie.Cursor()
  var stderr = ContentTrie.Cursor()
  var exit: RunExit?
  /// Output had no room left.
  var isCut = false
}

extension Collector<OutputPart> {
  /// Output without room is dropped, not the command: its exit is still wanted.
  func take(_ event: RunEvent, from index: Int, isFirst: Bool) {
    take(from: index, isFirst: isFirst) { part, trie in
      switch event.event {
      case .stdout(let bytes): if trie.append(bytes, at: &part.stdout) < bytes.count { part.isCut = true }
      case .stderr(let bytes): if trie.append(bytes, at: &part.stderr) < bytes.count { part.isCut = true }
      case .exit(let exit): part.exit = exit
      case .accepted, nil: break
      }
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
    let collector = Collector<OutputPart>(capacity: settings.memoryLimit)
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
      guard collector.part(call.index).exit != nil else {
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
