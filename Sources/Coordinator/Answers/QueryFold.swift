import AgentAPI
import FoundationEssentials

/// Turns what the hosts sent into the answer of `query`: equal results once, each group its share of the budget. A value.
struct QueryFold {
  let asked: CoordinatorCore.Asked<Void>
  let state: Collector<OutputPart>.State

  private struct Key: Hashable {
    var stdout: ContentTrie.Cursor
    var stderr: ContentTrie.Cursor
    var exitCode: Int32?
    var signal: String?
    var truncated: Bool
  }

  func answer(budget: Int) -> Answer<CommandResult> {
    let keys = asked.answers.map { answer in
      let part = state.parts[answer.index]
      let exit = part.exit ?? RunExit()
      var key = Key(
        stdout: state.trie.canonical(part.stdout), stderr: state.trie.canonical(part.stderr),
        truncated: exit.truncated || part.isCut)
      switch exit.end {
      case .code(let code): key.exitCode = code
      case .signal(let signal): key.signal = signal
      case nil: break
      }
      return key
    }
    let groups = Fold.groups(keys)
    let shares = FairShare.divide(
      budget,
      among: groups.map { members in
        let key = keys[members[0]]
        return (key.stdout.position + key.stderr.position + 4) / 3 * 4
      })
    let bodies = zip(groups, shares).map { members, share in
      let body = result(members, keys[members[0]], share: share, isAlone: groups.count == 1)
      return AnswerGroup(hosts: asked.hosts(members), path: nil, body: body)
    }
    return Answer(groups: bodies, failures: asked.failures, summary: asked.summary)
  }

  private func result(_ members: [Int], _ key: Key, share: Int, isAlone: Bool) -> CommandResult {
    let outputs = [key.stdout, key.stderr]
    let shares = FairShare.divide(share, among: outputs.map { ($0.position + 2) / 3 * 4 })
    func show(_ encoding: ReadRequestOptions.Encoding) -> [RemoteText.Shown] {
      zip(outputs, shares).map { output, share in
        RemoteText.show(
          state.trie.content(of: output), share: share, keepEnd: false, isPart: key.truncated, encoding: encoding)
      }
    }
    var shown = show(.auto)
    // One word tells the encoding of both.
    if shown.contains(where: { $0.encoding == .base64 }) { shown = show(.base64) }
    let isCut = key.truncated || zip(shown, outputs).contains { $0.bytes.count < $1.position }
    return CommandResult(
      exitCode: key.exitCode, signal: key.signal, stdout: shown[0].content, stderr: shown[1].content,
      encoding: shown[0].encoding, truncated: isCut,
      durationMS: members.reduce(0) { max($0, state.parts[asked.answers[$1].index].exit?.durationMs ?? 0) },
      note: note(isCut: isCut, isAlone: isAlone))
  }

  private func note(isCut: Bool, isAlone: Bool) -> String? {
    guard isCut else { return nil }
    return
      "Output was cut. Make the command print less (head, tail, -m)\(isAlone ? "" : ", or ask fewer hosts at once")."
  }
}
