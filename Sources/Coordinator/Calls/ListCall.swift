import AgentAPI
import FoundationEssentials
import Routing

/// Which entries of which directories are wanted. A value.
package struct ListRequestOptions: Sendable, Hashable {
  package enum Sort: String, Sendable, CaseIterable {
    case name
    case size
    case time
  }

  package static let depths = 1...32
  package static let skips = 0...1_000_000

  /// 1: the directory's own entries; more: so many levels of the tree.
  package var depth = 1
  package var hidden = false
  package var sort: Sort = .name
  /// Entries of each directory, at most; nil: the settings' number.
  package var limit: Int?
  /// Entries to leave out first.
  package var skip = 0

  package init() {}
}

/// What came of one host's listing. Times stay apart: listings fold although they differ. A value.
struct ListPart: CollectedPart {
  var cursor = ContentTrie.Cursor()
  var times: [Int64] = []
  var truncated = false
  var isOutOfTime = false
  var total: Int64 = 0
}

extension Collector<ListPart> {
  func take(_ batch: ListBatch, from index: Int, isFirst: Bool) throws(CollectorFull) {
    let bytes = ListingCode.encode(batch.entries)
    let isFull = take(from: index, isFirst: isFirst) { part, trie in
      part.times += batch.entries.lazy.map(\.mtimeS)
      if batch.outOfTime { part.isOutOfTime = true }
      if batch.totalSeen > 0 { part.total = batch.totalSeen }
      let hasRoom = trie.append(bytes, at: &part.cursor) == bytes.count
      if batch.truncated || !hasRoom { part.truncated = true }
      return !hasRoom
    }
    if isFull { throw CollectorFull() }
  }
}

extension CoordinatorCore {
  /// Lists directories, side by side, and folds equal ones.
  package func list(
    _ targets: [Target], _ wanted: ListRequestOptions, _ options: CallOptions
  ) async throws(TargetError) -> Answer<Listing> {
    let start = ContinuousClock.now
    let collector = Collector<ListPart>(capacity: settings.memoryLimit)
    let asked = try await ask(targets, .list, options, start: start, prepare: { collector.expect($0.asks.count) }) {
      call in
      // All hosts' times are held at once: bound their sum.
      let share = max(settings.entries, settings.entriesOfCall / call.count)
      let limit = min(wanted.limit ?? settings.entries, settings.entryLimit, share)
      do {
        return try await call.service.list(Self.request(call, wanted, limit: limit), call.context) { batch in
          try call.attempt.take { try collector.take(batch, from: call.index, isFirst: $0) }
        }
      } catch is CollectorFull {
        // An answer, cut.
        return CallTimings()
      }
    }
    return ListFold(asked: asked, state: collector.finish(), wanted: wanted)
      .answer(budget: max(settings.answerLimit, wanted.limit == nil ? 0 : settings.fileLimit))
  }

  private static func request(_ call: HostCall, _ wanted: ListRequestOptions, limit: Int) -> ListRequest {
    var request = ListRequest()
    request.host = call.alias
    request.path = Data((call.path?.text ?? "").utf8)
    request.depth = UInt32(wanted.depth)
    request.hidden = wanted.hidden
    request.limit = UInt32(limit)
    request.skip = UInt32(wanted.skip)
    request.sort =
      switch wanted.sort {
      case .name: .name
      case .size: .size
      case .time: .time
      }
    return request
  }
}
