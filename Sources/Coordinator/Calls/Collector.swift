import Synchronization

/// What came from one host of a call, empty at first.
protocol CollectedPart: Sendable {
  init()
}

/// Takes what all hosts of one call bring, within the call's memory. Sendable: state behind a lock.
final class Collector<Part: CollectedPart>: Sendable {
  struct State: Sendable {
    var trie: ContentTrie
    var parts: [Part] = []
  }

  private let state: Mutex<State>

  /// - Parameter capacity: bytes of content at most.
  init(capacity: Int) {
    state = Mutex(State(trie: ContentTrie(capacity: capacity)))
  }

  /// The first call: how many hosts there are.
  func expect(_ count: Int) {
    state.withLock { $0.parts = (0..<count).map { _ in Part() } }
  }

  /// - Parameter isFirst: the answer comes anew; what came of it before is void.
  func take<Result: Sendable>(
    from index: Int, isFirst: Bool, _ body: (inout Part, inout ContentTrie) -> Result
  ) -> Result {
    state.withLock { state in
      if isFirst { state.parts[index] = Part() }
      return body(&state.parts[index], &state.trie)
    }
  }

  func part(_ index: Int) -> Part { state.withLock { $0.parts[index] } }

  /// What was taken; called when every stream has ended.
  func finish() -> State {
    state.withLock { state in
      defer { state = State(trie: ContentTrie(capacity: 0)) }
      return state
    }
  }
}

/// Thrown into the stream of a host whose content has no room: what came is its answer, cut.
struct CollectorFull: Error {}
