import DequeModule

/// Calls that wait for a stream, first come first served. Pure.
struct CallQueue<Call> {
  private let limit: Int
  private var calls: Deque<Call> = []

  init(limit: Int) {
    self.limit = limit
  }

  var isEmpty: Bool { calls.isEmpty }

  /// The call whose turn it is.
  var first: Call? { calls.first }

  /// False when the queue is full.
  ///
  /// - Parameter isWaiting: Says of a call that was queued whether it still waits: the others give up their places where none
  ///   is free.
  mutating func append(_ call: Call, isWaiting: (Call) -> Bool) -> Bool {
    if calls.count >= limit { calls.removeAll { !isWaiting($0) } }
    guard calls.count < limit else { return false }
    calls.append(call)
    return true
  }

  mutating func removeFirst() { calls.removeFirst() }
}
