import Pool
import Routing

/// What can happen in the simulated world.
enum Event {
  case arrival
  /// An attempt's answer reaches its coordinator. Void where the attempt has ended meanwhile.
  case reply(attempt: Int, generation: UInt32)
  case callTimer(Int)
  /// A coordinator's regular timer.
  case tick(Int)
  case heartbeat(Int)
  case faultBegins(Int)
  case faultEnds(Int)
  case joins(Int)
  case status(call: Int, number: Int, RequestStatus?)
  /// The observer looks.
  case look
  case pool(Int, PoolEvent)

  /// For the log's hash.
  var code: UInt64 {
    switch self {
    case .arrival: 1
    case .reply(let attempt, _): 2 &+ UInt64(attempt) << 8
    case .callTimer(let call): 3 &+ UInt64(call) << 8
    case .tick(let coordinator): 4 &+ UInt64(coordinator) << 8
    case .heartbeat(let agent): 5 &+ UInt64(agent) << 8
    case .faultBegins(let fault): 6 &+ UInt64(fault) << 8
    case .faultEnds(let fault): 7 &+ UInt64(fault) << 8
    case .joins(let agent): 8 &+ UInt64(agent) << 8
    case .status(let call, let number, _): 9 &+ UInt64(call * 8 + number) << 8
    case .look: 10
    case .pool(let agent, _): 11 &+ UInt64(agent) << 8
    }
  }
}

/// What happens to an agent's pool of connections.
enum PoolEvent {
  case established(ConnectionID)
  case laneOpened(LaneID)
  case laneClosed(LaneID)
  case closed(ConnectionID)
  case timer(Moment)
}

/// How an attempt ends, as its coordinator sees it.
enum Reply {
  case answered(AttemptTimings)
  case failed(AttemptFailure)
}
