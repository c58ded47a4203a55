internal import DequeModule

/// The bounded pool of connections to all hosts: who gets a lane, what is dialled, what is closed and when.
///
/// A value with one owner: every method takes an event and `now`, and answers with what is to be done; nothing here
/// reads a clock, opens a socket or waits. The driver keeps it behind a lock and acts outside it. Events may come late
/// or twice: what they name is looked up first, and what is no longer there is ignored.
///
/// A warm lease and its return take constant time, whatever the number of hosts, connections and waiting requests.
package struct Pool<Instant: InstantProtocol>: ~Copyable where Instant.Duration == Duration {
  package let settings: PoolSettings
  var random: SplitMix64
  var stage = PoolStage.running

  var hosts = Slab<HostPool<Instant>, HostTag>()
  var hostNames: [PoolKey: HostID] = [:]
  var connections = Slab<Connection<Instant>, ConnectionTag>()
  var requests = Slab<WaitingRequest<Instant>, RequestTag>()
  var timers = TimerHeap<Instant, PoolTimer>()

  /// Idle connections, the least recently used first.
  var idle = Chain<Connection<Instant>>()
  /// Leased connections, the one that has been so for longest first.
  var busy = Chain<Connection<Instant>>()
  /// Hosts that wait for the right to make a connection.
  var line = Deque<Standing<Instant>>()
  /// When the line last moved.
  var lineMoved: Instant?
  /// The timer of `handOver`, while somebody stands in line.
  var handOver: TimerID?

  /// Connections that own a socket. Never above the bound.
  var occupied = 0
  /// Of these, the ones that are on their way out, so that nothing more needs to be evicted for their place.
  var leaving = 0
  /// Permits for handshakes that are taken.
  var handshakes = 0
  var leaseNumber: UInt64 = 0
  /// What the driver was last asked to wake for.
  var armed: Instant?
  var counters = PoolCounters()

  package init(settings: PoolSettings, random: SplitMix64) {
    self.settings = settings
    self.random = random
  }
}

/// How far the pool's own life has come.
enum PoolStage: Sendable {
  /// Can transition to: draining.
  case running
  /// Nothing new begins. Can transition to: stopped.
  case draining
  case stopped
}

/// What a timer was set for.
enum PoolTimer: Sendable {
  case request(RequestID)
  case connection(ConnectionID)
  case handOver
}

/// A host's place in the line for a connection. A value.
struct Standing<Instant: InstantProtocol>: Sendable {
  let host: HostID
  let serves: LeaseClass
  let since: Instant
}

extension Pool {
  mutating func enterHost(_ key: PoolKey) -> HostID {
    if let known = hostNames[key] { return known }
    let host = hosts.insert(HostPool(key: key))
    hostNames[key] = host
    return host
  }

  /// Drops a host of which nothing is left to remember.
  mutating func forgetIfUnused(_ host: HostID) {
    guard hosts.contains(host), hosts[host].isForgettable else { return }
    hostNames[hosts[host].key] = nil
    hosts.remove(host)
  }

  /// Ends every event: tells the driver when to come back, if that is sooner than it knows.
  mutating func arm(_ out: inout PoolActions<Instant>) {
    var next = timers.next
    if let oldest = idle.first, case .idle(let since) = connections[oldest].state {
      let expires = since.advanced(by: settings.idleTimeout)
      next = next.map { min($0, expires) } ?? expires
    }
    guard let next else { return }
    if let armed, armed <= next { return }
    armed = next
    out.wake = next
  }

  /// With one connection per host there is nothing to keep apart.
  func effective(_ class: LeaseClass) -> LeaseClass {
    settings.connectionsPerHost == 1 ? .request : `class`
  }

  /// Whether a connection to `key`'s host stands and takes requests.
  package func isConnected(_ key: PoolKey) -> Bool {
    hostNames[key].map { hosts[$0].connections.contains { connections[$0].isUsable } } ?? false
  }

  /// The hosts of which there is anything to remember, and those on the way to them. Takes time with their number.
  package var knownKeys: Set<PoolKey> {
    var keys: Set<PoolKey> = []
    for key in hostNames.keys {
      var next: PoolKey? = key
      while let known = next, keys.insert(known).inserted { next = known.outer }
    }
    return keys
  }

  /// What the last error of `key`'s host was, if its last attempt failed.
  package func hostState(_ key: PoolKey) -> HostState<Instant> {
    hostNames[key].map { hosts[$0].state } ?? .running
  }
}
