/// Names a timer until it fires or is cancelled.
struct TimerID: Sendable, Hashable {
  fileprivate let place: Int
}

/// Timers by the instant at which they are due: a binary heap in which each timer knows its position, so that cancelling
/// takes logarithmic time and leaves nothing behind. A value.
struct TimerHeap<Instant: InstantProtocol, Event: Sendable>: Sendable {
  private struct Entry {
    let due: Instant
    let place: Int
  }

  private var heap: [Entry] = []
  /// By place: the position in `heap`, and what is due.
  private var timers: [(position: Int, event: Event)?] = []
  private var free: [Int] = []

  /// When the next timer is due.
  var next: Instant? { heap.first?.due }
  var count: Int { heap.count }

  mutating func schedule(_ event: Event, at due: Instant) -> TimerID {
    let place: Int
    if let used = free.popLast() {
      place = used
    } else {
      place = timers.count
      timers.append(nil)
    }
    timers[place] = (heap.count, event)
    heap.append(Entry(due: due, place: place))
    rise(heap.count - 1)
    return TimerID(place: place)
  }

  /// Only for a timer that has neither fired nor been cancelled.
  mutating func cancel(_ timer: TimerID) {
    guard let position = timers[timer.place]?.position else { return }
    remove(at: position)
  }

  /// The earliest timer that is due, taken out.
  mutating func popDue(_ now: Instant) -> Event? {
    guard let first = heap.first, first.due <= now else { return nil }
    let event = timers[first.place]?.event
    remove(at: 0)
    return event
  }

  private mutating func remove(at position: Int) {
    let place = heap[position].place
    timers[place] = nil
    free.append(place)
    let moved = heap.removeLast()
    guard position < heap.count else { return }
    heap[position] = moved
    timers[moved.place]?.position = position
    rise(position)
    sink(position)
  }

  private mutating func rise(_ start: Int) {
    var child = start
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[child].due < heap[parent].due else { return }
      exchange(child, parent)
      child = parent
    }
  }

  private mutating func sink(_ start: Int) {
    var parent = start
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].due < heap[least].due {
        least = child
      }
      guard least != parent else { return }
      exchange(parent, least)
      parent = least
    }
  }

  private mutating func exchange(_ a: Int, _ b: Int) {
    heap.swapAt(a, b)
    timers[heap[a].place]?.position = a
    timers[heap[b].place]?.position = b
  }
}
