import Routing

/// What is to happen, in order of time and, at one instant, of scheduling. A value.
struct EventHeap<Event> {
  private struct Entry {
    let time: Int64
    let sequence: UInt64
    let event: Event
  }

  private var heap: [Entry] = []
  private var sequence: UInt64 = 0

  mutating func schedule(_ event: Event, at time: Timestamp) {
    sequence += 1
    heap.append(Entry(time: time.nanoseconds, sequence: sequence, event: event))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.isBefore(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func next() -> (time: Timestamp, event: Event)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (Timestamp(nanoseconds: first.time), first.event)
  }

  private mutating func sink() {
    var parent = 0
    let count = heap.count
    while true {
      var least = 2 * parent + 1
      guard least < count else { return }
      if least + 1 < count, Self.isBefore(heap[least + 1], heap[least]) { least += 1 }
      guard Self.isBefore(heap[least], heap[parent]) else { return }
      heap.swapAt(least, parent)
      parent = least
    }
  }

  private static func isBefore(_ a: Entry, _ b: Entry) -> Bool {
    a.time == b.time ? a.sequence < b.sequence : a.time < b.time
  }
}
