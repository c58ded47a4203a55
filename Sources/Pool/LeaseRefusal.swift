/// Why a request got no lease. A value; each is about the request, none about the caller's right.
package enum LeaseRefusal: Error {
  /// As many requests wait for this host (or for all together) as may. Nothing was tried.
  case queueFull(QueueBound, limit: Int)
  /// Nothing in its line moved for the acquire wait.
  case stuck(WaitPhase, waited: Duration)
  case deadlinePassed(WaitPhase, waited: Duration)
  /// The host cannot be reached: its last error, how old that is, and when an attempt is made again if one is asked for.
  case hostFailing(ConnectFailure, age: Duration, retryIn: Duration)
  /// The host's connection stands but refuses a channel of this kind.
  case laneRefused(any Error)
  /// More connections in a row (jump hosts and host) than the pool may hold.
  case chainTooLong(Int, bound: Int)
  case cancelled
  case shuttingDown

  package enum QueueBound: String, Sendable, Hashable {
    case host
    case pool
  }

  package var cause: RefusalCause {
    switch self {
    case .queueFull(.host, _): .hostQueueFull
    case .queueFull(.pool, _): .poolQueueFull
    case .stuck: .stuck
    case .deadlinePassed: .deadline
    case .hostFailing: .hostFailing
    case .laneRefused: .laneRefused
    case .chainTooLong: .chainTooLong
    case .cancelled: .cancelled
    case .shuttingDown: .shuttingDown
    }
  }
}

/// What a request waits for.
package enum WaitPhase: String, Sendable, Hashable {
  /// A free lane on its host's connection.
  case lane
  /// Its host's connection, which is being made.
  case handshake
  /// The right to make a connection: all are in use.
  case capacity
}

/// The kinds of refusal, for counting.
package enum RefusalCause: String, Sendable, Hashable, CaseIterable {
  case hostQueueFull = "host_queue_full"
  case poolQueueFull = "pool_queue_full"
  case stuck
  case deadline
  case hostFailing = "host_failing"
  case laneRefused = "lane_refused"
  case chainTooLong = "chain_too_long"
  case cancelled
  case shuttingDown = "shutting_down"
}
