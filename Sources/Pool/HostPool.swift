/// One host's part of the pool: its connections, its lines of waiting requests, and whether it can be reached. A value;
/// it exists while it has any of these to remember.
struct HostPool<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
  let key: PoolKey
  var state: HostState<Instant> = .running
  /// All of this host's connections, in whatever state. A handful.
  var connections: [ConnectionID] = []
  var requests = WaitLine<Instant>()
  var bulk = WaitLine<Instant>()
  var tunnels = WaitLine<Instant>()
  /// Whether it stands in the line for a connection, by class.
  var standsForRequests = false
  var standsForBulk = false

  /// Nothing left that would be lost with it.
  var isForgettable: Bool {
    guard connections.isEmpty, waiting == 0, case .running = state else { return false }
    return true
  }

  var waiting: Int { requests.chain.count + bulk.chain.count + tunnels.chain.count }

  subscript(line: LineName) -> WaitLine<Instant> {
    _read {
      switch line {
      case .requests: yield requests
      case .bulk: yield bulk
      case .tunnels: yield tunnels
      }
    }
    _modify {
      switch line {
      case .requests: yield &requests
      case .bulk: yield &bulk
      case .tunnels: yield &tunnels
      }
    }
  }

  subscript(stands class: LeaseClass) -> Bool {
    get { `class` == .bulk ? standsForBulk : standsForRequests }
    set {
      switch `class` {
      case .bulk: standsForBulk = newValue
      case .request: standsForRequests = newValue
      }
    }
  }
}

/// The lines in which requests for one host wait, each first in, first out. Tunnels have their own: a busy jump host's
/// own requests must not hold up the hosts behind it.
enum LineName: Sendable, Hashable, CaseIterable {
  case requests
  case bulk
  case tunnels

  init(_ kind: LeaseKind, _ class: LeaseClass) {
    switch (kind, `class`) {
    case (.tunnel, _): self = .tunnels
    case (_, .bulk): self = .bulk
    case (_, .request): self = .requests
    }
  }

  /// The class of connection that serves this line.
  var served: LeaseClass { self == .bulk ? .bulk : .request }
}

/// Requests that wait for one host and class. A value.
struct WaitLine<Instant: InstantProtocol>: Sendable where Instant.Duration == Duration {
  var chain = Chain<WaitingRequest<Instant>>()
  /// How many of them want an SFTP lane.
  var files = 0
  /// When a request of this line was last served, or a connection for it was last made.
  var moved: Instant?
}

/// A request that was neither granted nor refused yet. A value.
struct WaitingRequest<Instant: InstantProtocol>: Chained where Instant.Duration == Duration {
  typealias Tag = RequestTag

  /// Whom the answer concerns.
  enum Asker {
    /// The pool's user.
    case user
    /// An inner connection that is to be dialled through the granted tunnel.
    case inner(ConnectionID)
  }

  let host: HostID
  let kind: LeaseKind
  let line: LineName
  let asker: Asker
  let since: Instant
  let deadline: Instant
  var timer: TimerID?
  var link = Link<RequestTag>()
}
