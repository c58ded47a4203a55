import Synchronization

/// Counts from 1. Sendable: state behind a lock.
final class Counter: Sendable {
  private let value = Mutex<UInt8>(0)

  func next() -> UInt8 {
    value.withLock { value in
      value &+= 1
      return value
    }
  }

  var current: UInt8 { value.withLock { $0 } }
}
