import DequeModule

/// Calls that wait for a stream, first come first served. Pure.
struct CallQueue<Call> {
  private let limit: Int
  private var calls: Deque<Call> = []

  init(limit: Int) {
    self.limit = limit
  }

  var isEmpty: Bool { calls.isEmpty }

  /// False when the queue is full.
  mutating func append(_ call: Call) -> Bool {
    guard calls.count < limit else { return false }
    calls.append(call)
    return true
  }

  /// Gives each call to `open` until that returns false: the call keeps its turn then.
  mutating func drain(_ open: (Call) -> Bool) {
    while let call = calls.first, open(call) { calls.removeFirst() }
  }

  mutating func removeAll() -> Deque<Call> {
    defer { calls = [] }
    return calls
  }
}
