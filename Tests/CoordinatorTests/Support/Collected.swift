import FoundationEssentials
import Synchronization

/// What a sink was given. Sendable: state behind a lock.
final class Collected: Sendable {
  private let state = Mutex(Data())

  func add(_ bytes: Data) { state.withLock { $0.append(bytes) } }

  var data: Data { state.withLock { $0 } }
}
