import AgentAPI
import FoundationEssentials

/// Turns what the hosts sent into the answer of `list`: equal listings once, each group its share of the budget. A value.
struct ListFold {
  let asked: CoordinatorCore.Asked<Void>
  let state: Collector<ListPart>.State
  let wanted: ListRequestOptions

  private struct Key: Hashable {
    var path: RemotePath?
    var end: ContentTrie.Cursor
    var truncated: Bool
    var isOutOfTime: Bool
    var total: Int64
  }

  func answer(budget: Int) -> Answer<Listing> {
    let keys = asked.answers.map { answer in
      let part = state.parts[answer.index]
      return Key(
        path: asked.asks.asks[answer.index].path, end: state.trie.canonical(part.cursor), truncated: part.truncated,
        isOutOfTime: part.isOutOfTime, total: part.total)
    }
    let groups = Fold.groups(keys)
    let listings = groups.map { members in
      entries(members, ListingCode.decode(state.trie.content(of: keys[members[0]].end), limit: .max))
    }
    let shares = FairShare.divide(budget, among: listings.map { $0.reduce(0) { $0 + Self.cost($1) } })
    let bodies = groups.indices.map { index in
      let key = keys[groups[index][0]]
      let body = listing(listings[index], key, share: shares[index], isAlone: groups.count == 1)
      return AnswerGroup(hosts: asked.hosts(groups[index]), path: key.path?.text, body: body)
    }
    return Answer(groups: bodies, failures: asked.failures, summary: asked.summary)
  }

  private func entries(_ members: [Int], _ decoded: [Entry]) -> [Listing.Entry] {
    let times = members.map { state.parts[asked.answers[$0].index].times }
    return decoded.indices.map { index in
      let entry = decoded[index]
      var modified = SharedTime(times[0][index])
      for other in times.dropFirst() { modified.join(other[index]) }
      return Listing.Entry(
        name: String(decoding: entry.name, as: UTF8.self), exactName: Self.exact(entry.name), type: entry.type.word,
        size: entry.size, mode: FileMode.octal(entry.mode), modified: modified,
        linkTarget: entry.linkTarget.isEmpty ? nil : String(decoding: entry.linkTarget, as: UTF8.self),
        exactLinkTarget: Self.exact(entry.linkTarget),
        error: entry.errorCode.isEmpty ? nil : entry.errorCode)
    }
  }

  /// In base64, where text would not be exact.
  private static func exact(_ name: Data) -> String? {
    String(validating: name, as: UTF8.self) == nil ? name.base64EncodedString() : nil
  }

  /// Of one entry in the answer, in bytes, about.
  private static func cost(_ entry: Listing.Entry) -> Int {
    100 + entry.name.utf8.count + (entry.linkTarget?.utf8.count ?? -16) + 16
      + [entry.exactName, entry.exactLinkTarget].reduce(0) { $0 + ($1.map { $0.utf8.count + 24 } ?? 0) }
  }

  private func listing(_ entries: [Listing.Entry], _ key: Key, share: Int, isAlone: Bool) -> Listing {
    var left = share
    let shown = entries.prefix { entry in
      left -= Self.cost(entry)
      return left >= 0
    }
    let next = wanted.skip + shown.count
    let total = max(key.total, Int64(wanted.skip + entries.count))
    var listing = Listing(
      entries: Array(shown), truncated: key.truncated || key.isOutOfTime || shown.count < entries.count, total: total)
    var notes: [String] = []
    if next < total {
      notes.append(
        "Entries \(wanted.skip) to \(next) of \(total). Go on with skip \(next)"
          + (isAlone ? ", or give a larger limit." : ", or list fewer hosts at once."))
    }
    if key.isOutOfTime {
      notes.append(
        "The time ran out before everything was looked at: there may be more than these \(total) entries, directories that were not read"
          + " have the error timeout, links may lack their targets. Give a longer timeout_ms or a smaller depth, or list parts by"
          + " themselves.")
    } else if key.truncated, next >= total {
      notes.append("The agent looks at so many entries at most: list the folders below by themselves.")
    }
    if !notes.isEmpty { listing.note = notes.joined(separator: " ") }
    return listing
  }
}

extension FileType {
  /// As answers call it.
  var word: String {
    switch self {
    case .regular: "file"
    case .directory: "directory"
    case .symlink: "symlink"
    case .blockDevice: "block_device"
    case .characterDevice: "character_device"
    case .fifo: "fifo"
    case .socket: "socket"
    case .unknown, .UNRECOGNIZED: "unknown"
    }
  }
}

enum FileMode {
  /// `0644`.
  static func octal(_ mode: UInt32) -> String {
    let digits = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
