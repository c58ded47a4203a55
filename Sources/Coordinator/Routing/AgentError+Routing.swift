import AgentAPI
import Routing

/// The one place where failures of agents become what routing counts, and what routing decided becomes a failure.
extension AttemptFailure {
  init(_ error: any Error) {
    let error = AgentError(routing: error)
    switch error.code {
    case .overloaded where error.scope != .host:
      self.init(.shed, mayHaveRun: error.mayHaveRun, pushback: error.retryAfter.map { .after($0) })
    case .unreachable where error.scope == .agent && !error.mayHaveRun:
      self.init(.unprocessed, mayHaveRun: false)
    case .overloaded, .timeout:
      // The host has all the sessions that it allows; or the caller's time is over. Neither says anything against host or agent, and it
      // would be the same the next time.
      self.init(.late, mayHaveRun: error.mayHaveRun, pushback: .never)
    default:
      self.init(error.scope == .host ? .host(reason: error.message) : .agent, mayHaveRun: error.mayHaveRun)
    }
  }

  /// For an attempt that only looks whether the agent is well.
  var probeOutcome: AttemptOutcome {
    switch kind {
    case .agent, .late: .agentFailed
    case .host(let reason): .hostFailed(reason: reason, timings)
    case .shed: .shed
    case .unprocessed: .agentFailed
    }
  }
}

extension AttemptTimings {
  init(_ timings: CallTimings) {
    self.init(host: timings.host, connect: timings.connect, isWarm: timings.poolHit)
  }
}

extension AgentError {
  init(routing error: any Error) {
    self =
      switch error {
      case let error as AgentError: error
      case is CancellationError: AgentError(code: .cancelled, message: "The call was cancelled.", mayHaveRun: true)
      default: AgentError(code: .internal, message: "Unexpected fault: \(type(of: error)). Please report this.")
      }
  }

  static func agentSilent(_ agent: String) -> AgentError {
    AgentError(
      code: .lost, message: "agent \(agent) has fallen silent in mid-request; the request may have run", phase: "link",
      mayHaveRun: true, scope: .agent)
  }

  /// Whether another agent could do better: the way to the host may differ, its keys and accounts do not.
  var mayBeTheWay: Bool {
    switch code {
    case .unreachable, .connectTimeout, .lost, .timeout, .overloaded, .internal: true
    default: scope == .agent
    }
  }

  /// - Parameters:
  ///   - last: how the last attempt ended, in its agent's own words.
  ///   - hostError: the host's last failure, for a request that was not let through to it.
  init(_ failure: CallFailure, last: AgentError?, hostError: AgentError?, agent: String?) {
    let elapsed = failure.elapsed
    let usual = failure.normal.map { " Usual is \(Int(($0.median * 1000).rounded(.up))) ms." } ?? ""
    switch failure.reason {
    case .refused(.hostFailing(let failing)):
      // An older failure may have been another one.
      let known =
        hostError.flatMap { $0.message == failing.reason ? $0 : nil }
        ?? AgentError(code: .unreachable, message: failing.reason)
      self = known
      message =
        "\(known.message). That was \(failing.age.wholeMilliseconds) ms ago, the failure number \(failing.failures) in a row; "
        + "the host is tried again in \(failing.retryIn.wholeMilliseconds) ms."
      phase = "routing"
      self.elapsed = elapsed
      mayHaveRun = false
    case .refused(let refusal):
      self.init(
        code: .unreachable, message: Self.words(refusal), phase: "routing", elapsed: elapsed, scope: .agent)
    case .cancelled:
      self.init(
        code: .cancelled, message: "The call was cancelled.", elapsed: elapsed, mayHaveRun: failure.mayHaveRun)
    case .deadline, .timedOut:
      self.init(
        code: .timeout,
        message:
          "No answer through \(agent.map { "agent \($0)" } ?? "any agent") within \(elapsed.wholeMilliseconds) ms."
          + usual + " Try this host alone, or with a larger timeout_ms.",
        phase: failure.phase.rawValue, elapsed: elapsed, mayHaveRun: failure.mayHaveRun, scope: .agent)
    case .lost:
      self.init(
        code: .lost, message: "Whether the request ran could not be learned; it was not repeated. Look on the host.",
        phase: failure.phase.rawValue, elapsed: elapsed, mayHaveRun: true, scope: .agent)
    case .agentFailed, .hostFailed, .shed:
      self = last ?? AgentError(code: .internal, message: "agent \(agent ?? "") failed", scope: .agent)
      if failure.attempts > 1 { message += " (\(failure.attempts) attempts)" }
    }
  }

  private static func words(_ refusal: RouteRefusal) -> String {
    switch refusal {
    case .unknownHost: "No agent reports this host any more. Ask the tool hosts."
    case .allDraining: "Every agent of this host is going down. Try again when another has come up."
    case .noAgentAlive, .noOther: "No agent of this host can be reached. Check that `scout agent` runs there."
    case .hostFailing(let failing): failing.reason
    }
  }
}
