import NIOCore
import Synchronization

/// All client connections of one door. Sendable: state behind a lock.
final class HTTPConnections: Sendable {
  private struct State {
    var open: [ObjectIdentifier: HTTPConnection] = [:]
    var isDraining = false
  }

  private let state = Mutex(State())

  func opened(_ connection: HTTPConnection) {
    let isDraining = state.withLock { state in
      state.open[ObjectIdentifier(connection)] = connection
      return state.isDraining
    }
    if isDraining { connection.drain() }
  }

  func closed(_ connection: HTTPConnection) {
    _ = state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(connection)) }
  }

  /// About once a second, from an event loop.
  func tick(now: ContinuousClock.Instant) {
    for connection in all { connection.tick(now: now) }
  }

  func drain() {
    let all = state.withLock { state in
      state.isDraining = true
      return Array(state.open.values)
    }
    for connection in all { connection.drain() }
  }

  /// Stops the calls under way.
  func abort() {
    for connection in all { connection.abort() }
  }

  func close() {
    for connection in all { connection.channel.close(mode: .all, promise: nil) }
  }

  private var all: [HTTPConnection] { state.withLock { Array($0.open.values) } }
}
