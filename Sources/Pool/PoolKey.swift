/// What one host pool belongs to: connections of one key are interchangeable, connections of two keys never are.
package struct PoolKey: Sendable, Hashable {
  package var host: String
  package var port: Int
  package var user: String
  /// Whatever else separates connections: identity files, agent, host key policy. Compared, not interpreted.
  package var identity: [String]
  /// The jump hosts' keys in the order in which they are dialled; each is a host pool of its own.
  package var via: [PoolKey]

  package init(host: String, port: Int, user: String, identity: [String] = [], via: [PoolKey] = []) {
    self.host = host
    self.port = port
    self.user = user
    self.identity = identity
    self.via = via
  }

  /// The host pool of the last jump, with the jumps before it as its own.
  var outer: PoolKey? {
    guard var last = via.last else { return nil }
    last.via = Array(via.dropLast())
    return last
  }

  /// The name and port alone: hashing is on the path of every request, and few keys share them.
  package func hash(into hasher: inout Hasher) {
    hasher.combine(host)
    hasher.combine(port)
  }
}

/// What a lease is for: which of a host's connections serves it, and in which line it waits.
package enum LeaseClass: String, Sendable, Hashable, CaseIterable {
  /// Short operations that somebody waits for.
  case request
  /// Long transfers, kept off the connection that serves requests.
  case bulk
}

/// What a lease is.
package enum LeaseKind: String, Sendable, Hashable, CaseIterable {
  /// An SFTP channel that stays open and is used again.
  case files
  /// The right to open one channel for a command. Nothing is left of it afterwards.
  case command
  /// The right to dial through this connection: held by the pool itself while an inner connection lives.
  case tunnel
}

/// One place for a channel on one connection. Lane numbers are used again; a `Lease` tells two holders apart.
package struct LaneID: Sendable, Hashable {
  package let connection: ConnectionID
  package let number: Int

  package init(connection: ConnectionID, number: Int) {
    self.connection = connection
    self.number = number
  }
}

/// The right to use one lane until it is given back. A value; giving it back twice is noticed and harmless.
package struct Lease: Sendable, Hashable {
  package let lane: LaneID
  package let kind: LeaseKind
  /// Never used twice in one pool.
  package let number: UInt64
}

package enum HostTag {}
package enum ConnectionTag {}
package enum RequestTag {}
package typealias HostID = SlabID<HostTag>
package typealias ConnectionID = SlabID<ConnectionTag>
package typealias RequestID = SlabID<RequestTag>
