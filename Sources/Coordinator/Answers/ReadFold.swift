import AgentAPI
import Crypto
import FoundationEssentials

/// Turns what the hosts sent into the answer of `read`: equal content once, each group its share of the budget. A value.
struct ReadFold {
  let asked: CoordinatorCore.Asked<Void>
  let state: Collector<ReadPart>.State
  let wanted: ReadRequestOptions
  /// Bytes of each file that were asked for, at most.
  let limit: Int

  private struct Key: Hashable {
    var path: RemotePath?
    var end: ContentTrie.Cursor
    var size: Int64
    var offset: Int64
    var truncated: Bool
  }

  func answer(budget: Int) -> Answer<FileContent> {
    let keys = asked.answers.map { answer in
      let part = state.parts[answer.index]
      return Key(
        path: asked.asks.asks[answer.index].path, end: state.trie.canonical(part.cursor), size: part.info.size,
        offset: part.info.offset, truncated: part.truncated || part.isCut)
    }
    let groups = Fold.groups(keys)
    let shares = FairShare.divide(budget, among: groups.map { claim(keys[$0[0]].end.position) })
    let bodies = zip(groups, shares).map { members, share in
      AnswerGroup(
        hosts: asked.hosts(members), path: keys[members[0]].path?.text,
        body: body(members, keys[members[0]], share: share, isAlone: groups.count == 1))
    }
    return Answer(groups: bodies, failures: asked.failures, summary: asked.summary)
  }

  /// What the content may come to when it is written.
  private func claim(_ bytes: Int) -> Int {
    wanted.encoding == .text ? bytes : (bytes + 2) / 3 * 4
  }

  private func body(_ members: [Int], _ key: Key, share: Int, isAlone: Bool) -> FileContent {
    let parts = members.map { state.parts[asked.answers[$0].index] }
    let keepEnd = if case .tail = wanted.part { true } else { false }
    // An uncut text takes what its bytes are; only base64 needs the whole claim.
    let shown = RemoteText.show(
      state.trie.content(of: key.end), share: share, keepEnd: keepEnd, isPart: key.truncated,
      encoding: wanted.encoding)
    let isCut = key.truncated || shown.bytes.count < key.end.position
    var modified = SharedTime(parts[0].info.mtimeS)
    for part in parts.dropFirst() { modified.join(part.info.mtimeS) }
    // The agent's is of what it read: where less of it is shown, another is made.
    var digest = parts[0].sha256
    if !digest.isEmpty, shown.bytes.count < key.end.position {
      let content = state.trie.content(of: key.end, from: shown.bytes.lowerBound, limit: shown.bytes.count)
      digest = Data(SHA256.hash(data: content))
    }
    var content = FileContent(
      content: shown.content, encoding: shown.encoding, size: key.size,
      offset: key.offset + Int64(shown.bytes.lowerBound),
      truncated: isCut, nextOffset: isCut && !keepEnd ? key.offset + Int64(shown.bytes.upperBound) : nil,
      modified: modified, sha256: digest.isEmpty ? nil : Self.hexadecimal(digest))
    content.note = note(content, shown, isShared: !isAlone && shown.bytes.count < key.end.position)
    return content
  }

  private func note(_ content: FileContent, _ shown: RemoteText.Shown, isShared: Bool) -> String? {
    var notes: [String] = []
    if content.truncated {
      var note: String
      if let next = content.nextOffset {
        // Files of /proc and the like tell no size.
        let size = content.size > next ? " of \(content.size)" : ""
        note = "Bytes \(content.offset) to \(next)\(size). Go on with offset \(next)"
      } else {
        note = "The last \(shown.bytes.count) bytes of what was asked for. Ask for fewer lines"
      }
      if isShared {
        note += ", or read fewer hosts at once"
      } else if wanted.limit == nil {
        note += ", or give limit"
      }
      notes.append(note + ".")
    }
    if shown.isRepaired {
      notes.append("Bytes that are not UTF-8 stand as U+FFFD; encoding base64 gives them exactly.")
    }
    return notes.isEmpty ? nil : notes.joined(separator: " ")
  }

  static func hexadecimal(_ bytes: Data) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
