import Synchronization

/// One fact that is true until it is not. Sendable: an atomic.
final class Flag: Sendable {
  private let value = Atomic<Bool>(true)

  var isSet: Bool { value.load(ordering: .acquiring) }

  func clear() { value.store(false, ordering: .releasing) }
}
