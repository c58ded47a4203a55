import Routing

/// One request of the traffic. A value.
struct SimulatedCall {
  let number: Int
  let host: Int
  let coordinator: Int
  let requestClass: RequestClass
  let started: Timestamp
  let deadline: Timestamp
  /// nil with a baseline.
  var machine: CallMachine?
  /// By the attempt's number within the call; -1 for none.
  var attempts: (Int, Int, Int, Int) = (-1, -1, -1, -1)
  var attemptsMade = 0
  /// When the machine, or the baseline, wants to be woken, and the earliest wake-up that is scheduled.
  var wake: Timestamp?
  var scheduled: Timestamp?
  var completions = 0
  /// How often it took effect at an agent.
  var effects = 0

  subscript(number: Int) -> Int {
    get {
      switch number {
      case 0: attempts.0
      case 1: attempts.1
      case 2: attempts.2
      default: attempts.3
      }
    }
    set {
      switch number {
      case 0: attempts.0 = newValue
      case 1: attempts.1 = newValue
      case 2: attempts.2 = newValue
      default: attempts.3 = newValue
      }
    }
  }
}

/// One attempt, from its sending to its end. A value; its place is used again.
struct SimulatedAttempt {
  enum State {
    case free
    /// At the agent, in its line.
    case queued
    /// Waiting for a lease of the agent's pool.
    case leasing
    case serving
    /// At an agent that hangs: nothing will come.
    case stuck
  }

  /// It counts among what its agent works on.
  var isWorkedOn = false

  var generation: UInt32 = 0
  var state = State.free
  /// -1 for a probe.
  var call = -1
  var number = 0
  var coordinator = 0
  var agent = 0
  var host = 0
  var probe: AttemptID?
  var sent = Timestamp.zero
  var service = 0.0
  var reply = Reply.answered(AttemptTimings())
}
