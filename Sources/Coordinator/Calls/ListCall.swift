import AgentAPI
import FoundationEssentials
import Routing
import Synchronization

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

/// Takes the batches of all hosts of one call. Sendable: state behind a lock.
final class ListCollector: Sendable {
  /// What came from one host. Times stay apart: listings fold although they differ.
  struct Part: Sendable {
    var cursor = ContentTrie.Cursor()
    var times: [Int64] = []
    var truncated = false
    var isOutOfTime = false
    var total: Int64 = 0
  }

  struct State: Sendable {
    var trie: ContentTrie
    var parts: [Part] = []
  }

  struct Full: Error {}

  private let state: Mutex<State>

  init(capacity: Int) {
    state = Mutex(State(trie: ContentTrie(capacity: capacity)))
  }

  func expect(_ count: Int) {
    state.withLock { $0.parts = [Part](repeating: Part(), count: count) }
  }

  /// - Parameter isFirst: the listing comes anew; what came of it before is void.
  func take(_ batch: ListBatch, from index: Int, isFirst: Bool) throws {
    let bytes = ListingCode.encode(batch.entries)
    let isFull = state.withLock { state in
      if isFirst { state.parts[index] = Part() }
      state.parts[index].times += batch.entries.lazy.map(\.mtimeS)
      if batch.truncated { state.parts[index].truncated = true }
      if batch.outOfTime { state.parts[index].isOutOfTime = true }
      if batch.totalSeen > 0 { state.parts[index].total = batch.totalSeen }
      let taken = state.trie.append(bytes, at: &state.parts[index].cursor)
      if taken < bytes.count { state.parts[index].truncated = true }
      return taken < bytes.count
    }
    if isFull { throw Full() }
  }

  func finish() -> State {
    state.withLock { state in
      defer { state = State(trie: ContentTrie(capacity: 0)) }
      return state
    }
  }
}

extension CoordinatorCore {
  /// Lists directories, side by side, and folds equal ones.
  package func list(
    _ targets: [Target], _ wanted: ListRequestOptions, _ options: CallOptions
  ) async throws(TargetError) -> Answer<Listing> {
    let start = ContinuousClock.now
    let collector = ListCollector(capacity: settings.memoryLimit)
    let asked = try await ask(targets, .list, options, start: start, prepare: { collector.expect($0.asks.count) }) {
      call in
      // All hosts' times are held at once: bound their sum.
      let share = max(settings.entries, settings.entriesOfCall / call.count)
      let limit = min(wanted.limit ?? settings.entries, settings.entryLimit, share)
      do {
        return try await call.service.list(Self.request(call, wanted, limit: limit), call.context) { batch in
          try call.attempt.take { try collector.take(batch, from: call.index, isFirst: $0) }
        }
      } catch is ListCollector.Full {
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
