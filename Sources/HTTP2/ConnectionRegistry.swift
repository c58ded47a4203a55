import NIOConcurrencyHelpers
import NIOCore

/// Sendable: state behind a lock. The connections of one server or gate.
final class ConnectionRegistry: Sendable {
  private struct State {
    var connections: [ObjectIdentifier: HTTP2Connection] = [:]
    var isClosing = false
  }

  let limit: Int
  private let state = NIOLockedValueBox(State())

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { state.withLockedValue { $0.connections.count } }

  /// False where the limit is reached or the server closes. The connection leaves by itself when it is over.
  func add(_ connection: HTTP2Connection) -> Bool {
    let isAdded = state.withLockedValue { state in
      guard !state.isClosing, state.connections.count < limit else { return false }
      state.connections[ObjectIdentifier(connection)] = connection
      return true
    }
    guard isAdded else { return false }
    connection.closeFuture.whenComplete { [weak connection] _ in
      if let connection { self.remove(connection) }
    }
    return true
  }

  /// Drains all connections side by side; returns when the last is closed.
  func shutdown(grace: Duration) async {
    let connections = state.withLockedValue { state in
      state.isClosing = true
      return Array(state.connections.values)
    }
    await withDiscardingTaskGroup { group in
      for connection in connections {
        group.addTask { await connection.shutdown(grace: grace) }
      }
    }
  }

  /// Harmless where it is not there.
  func remove(_ connection: HTTP2Connection) {
    _ = state.withLockedValue { $0.connections.removeValue(forKey: ObjectIdentifier(connection)) }
  }
}
