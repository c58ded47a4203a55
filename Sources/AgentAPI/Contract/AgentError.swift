/// Why a call of `AgentService` failed. The only error that its methods throw.
package struct AgentError: Error, Sendable, Hashable {
  /// What the failure says something about. A router counts `.agent` against the agent and `.host` against the host, never
  /// the one for the other.
  package enum Scope: String, Sendable, CaseIterable {
    /// This request only: trying it elsewhere or again gives the same answer.
    case request
    /// The host behind the agent.
    case host
    /// The agent, or the link to it.
    case agent
  }

  package var code: FailureCode
  /// One or two sentences for a person: what happened and what to do next. At most a few hundred bytes; no secrets.
  package var message: String
  /// Where it stopped (queue, tcp, key_exchange, authentication, channel, operation, link), where that helps.
  package var phase: String?
  /// How long the request had taken by then.
  package var elapsed: Duration?
  /// False only when it is certain that the host has seen nothing of the request.
  package var mayHaveRun: Bool
  /// When the agent suggests to try again; nil when it suggests nothing.
  package var retryAfter: Duration?
  package var scope: Scope

  /// - Parameter scope: nil takes the one that is usual for `code`.
  package init(
    code: FailureCode, message: String, phase: String? = nil, elapsed: Duration? = nil, mayHaveRun: Bool = false,
    retryAfter: Duration? = nil, scope: Scope? = nil
  ) {
    self.code = code
    self.message = message
    self.phase = phase
    self.elapsed = elapsed
    self.mayHaveRun = mayHaveRun
    self.retryAfter = retryAfter
    self.scope = scope ?? code.usualScope
  }
}

extension AgentError: CustomStringConvertible {
  package var description: String {
    "\(code.rawValue): \(message)"
  }
}

extension FailureCode {
  /// The scope of a failure that does not say more.
  package var usualScope: AgentError.Scope {
    switch self {
    case .unknownHost, .notFound, .permissionDenied, .notADirectory, .notAFile, .refusedByPolicy, .cancelled,
      .invalidArgument:
      .request
    case .unreachable, .connectTimeout, .authFailed, .hostKeyUnknown, .hostKeyChanged, .timeout, .lost:
      .host
    case .overloaded, .internal:
      .agent
    }
  }
}
