/// What the driver of a call does after an event: the list in its order, then sets its one timer. A value.
package struct CallActions: Sendable {
  package private(set) var list: [CallAction] = []
  /// Call `timerFired` then, instead of whatever was asked for before; nil: no timer. To come early does no harm.
  package internal(set) var wake: Timestamp?

  mutating func append(_ action: CallAction) { list.append(action) }
}

/// One thing to do. Every event that answers it is named with it.
package enum CallAction: Sendable, Hashable {
  /// Send the request: `attemptAccepted` (streams and commands), then `attemptAnswered` or `attemptFailed`.
  case start(AttemptOrder)
  /// Reset this attempt's stream. What it still says is not wanted, and ignored if it is told.
  case cancel(attempt: Int)
  /// Ask the agent's journal what became of the request id: `statusAnswered`.
  case askStatus(agent: Int, attempt: Int, timeout: Duration)
  /// The call is over. Exactly once; nothing follows.
  case complete(CallResult)
}

/// One attempt to be made. A value.
package struct AttemptOrder: Sendable, Hashable {
  package enum Purpose: String, Sendable, Hashable, CaseIterable {
    case first
    case hedge
    case retry
    /// The same request id at the same agent: attaches to what runs there, or replays its answer.
    case attach
  }

  /// Counted from 0 within the call.
  package let number: Int
  package let agent: Int
  package let purpose: Purpose
  /// The machine's own patience with this attempt; it says `cancel` when it ends.
  package let timeout: Duration
  /// What is left of the call: the `grpc-timeout` of this attempt.
  package let remaining: Duration
  /// The agent is thought to hold a connection to the host.
  package let isWarm: Bool
}

/// How a call ended. A value.
package enum CallResult: Sendable, Hashable {
  /// This attempt's answer is the call's answer.
  case answered(attempt: Int, agent: Int)
  case failed(CallFailure)
}

/// Why a call has no answer, with what a person needs to judge it. A value.
package struct CallFailure: Error, Sendable, Hashable {
  package enum Reason: Sendable, Hashable {
    /// Nobody was asked.
    case refused(RouteRefusal)
    case agentFailed
    case hostFailed(String)
    /// The agents have too much to do.
    case shed(retryAfter: Duration?)
    /// Every attempt took longer than is normal.
    case timedOut
    case deadline
    case cancelled
    /// It may have run, and nobody can say. It was not repeated; ask for its id before it is.
    case lost

    /// Such an attempt is not made again where the next agent has too much to do as well.
    var isLoad: Bool {
      switch self {
      case .shed, .timedOut: true
      case .refused, .agentFailed, .hostFailed, .deadline, .cancelled, .lost: false
      }
    }
  }

  /// What the call was doing when it ended.
  package enum Phase: String, Sendable, Hashable {
    case choosing
    /// An attempt was under way, on an agent that had to connect to the host first.
    case connecting
    case waiting
    case pausing
    case askingStatus = "asking what became of it"
  }

  package let reason: Reason
  package let phase: Phase
  /// The request may have run, wholly or in part.
  package let mayHaveRun: Bool
  package let attempts: Int
  /// The last one asked; nil: nobody was.
  package let agent: Int?
  package let elapsed: Duration
  /// What such an operation normally takes in that zone, if it is known; seconds.
  package let normal: NormalLatency?
}

/// How an attempt failed, as the driver learned it. A value.
package struct AttemptFailure: Sendable, Hashable {
  package enum Kind: Sendable, Hashable {
    /// Link lost, internal error, a broken answer.
    case agent
    /// The agent answered that the host fails, and how.
    case host(reason: String)
    /// RESOURCE_EXHAUSTED.
    case shed
    /// What the request had of time was over, or would not have sufficed: nobody's fault.
    case late
    /// It provably never began: it did not leave, REFUSED_STREAM, an id above GOAWAY's last stream.
    case unprocessed
  }

  package enum Pushback: Sendable, Hashable {
    case after(Duration)
    case never
  }

  package var kind: Kind
  /// False only where it provably did not run.
  package var mayHaveRun: Bool
  package var pushback: Pushback?
  package var timings: AttemptTimings

  package init(
    _ kind: Kind, mayHaveRun: Bool, pushback: Pushback? = nil, timings: AttemptTimings = AttemptTimings()
  ) {
    self.kind = kind
    self.mayHaveRun = kind != .unprocessed && mayHaveRun
    self.pushback = pushback
    self.timings = timings
  }

  var outcome: AttemptOutcome {
    switch kind {
    case .agent: .agentFailed
    case .host(let reason): .hostFailed(reason: reason, timings)
    case .shed: .shed
    case .late: .outOfTime
    case .unprocessed: .unprocessed
    }
  }
}
