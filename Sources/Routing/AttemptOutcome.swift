/// How an attempt ended, told by the driver or by the call machine. A value.
package enum AttemptOutcome: Sendable, Hashable {
  /// The agent answered, be it that the file does not exist: the agent and the host are well.
  case answered(AttemptTimings)
  /// The agent is well, the host is not: refused, unreachable, timed out, authentication failed.
  case hostFailed(reason: String, AttemptTimings)
  /// The agent's fault: link lost, internal error, a broken answer.
  case agentFailed
  /// The attempt timeout passed.
  case timedOut
  /// RESOURCE_EXHAUSTED.
  case shed
  /// It provably never began: it did not leave, REFUSED_STREAM, an id above GOAWAY's last stream.
  case unprocessed
  /// Another attempt of the same call was faster.
  case lostToOther
  /// The call's deadline passed before the attempt's own timeout.
  case outOfTime
  /// The caller no longer wants it.
  case abandoned
}

/// What an agent reports with an answer. A value.
package struct AttemptTimings: Sendable, Hashable {
  /// What the host took.
  package var host: Duration
  /// What making its connection took.
  package var connect: Duration
  /// The agent's connection to the host was there already.
  package var isWarm: Bool

  package init(host: Duration = .zero, connect: Duration = .zero, isWarm: Bool = true) {
    self.host = host
    self.connect = connect
    self.isWarm = isWarm
  }
}

/// What an attempt's end adds to its agent's latency estimate. Stateless; seconds.
///
/// A failure costs at least 5 s, or the agent that fails fastest would attract everybody. A loser and a timeout are
/// censored: all that is known is that they would have taken longer. A loser counts half as much again as it had taken: where
/// latencies are lognormal, what has outlasted the hedge's delay and the winner is expected to take 1.1 (sigma 0.33) to 1.8 (sigma 1.2)
/// times as long in all; and twice the time would make an agent of one slow answer look slow to everybody for some seconds
/// (simulation, S9).
package enum LatencySample {
  package static let failure = 5.0

  /// - Parameter elapsed: since the attempt began, or until it was accepted.
  /// - Parameter estimate: the agent's estimate at present.
  /// - Returns: nil where nothing was learned about the agent.
  package static func seconds(
    _ outcome: AttemptOutcome, elapsed: Double, timeout: Double, estimate: Double
  ) -> Double? {
    switch outcome {
    case .answered(let timings), .hostFailed(_, let timings):
      max(0, elapsed - timings.host.inSeconds - timings.connect.inSeconds)
    case .agentFailed: max(elapsed, 2 * timeout, failure)
    case .timedOut: 2.5 * timeout
    case .lostToOther: 1.5 * elapsed
    case .outOfTime: elapsed > estimate ? 2.5 * elapsed : nil
    case .abandoned: elapsed > estimate ? elapsed : nil
    case .shed, .unprocessed: nil
    }
  }
}
