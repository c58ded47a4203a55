package import AgentAPI

/// What goes along with any call. A value.
package struct CallOptions: Sendable {
  /// For the whole call; nil: the settings' default.
  package var timeout: Duration?
  package var requestID: String
  /// Who asks, for the agent's policy and the audit line.
  package var principal: String
  package var progress: FanOut.Progress?
  /// Told of each host that fails, as soon as it does.
  package var failed: (@Sendable (_ host: String, AgentError) -> Void)?

  package init(timeout: Duration? = nil, requestID: String, principal: String = "", progress: FanOut.Progress? = nil) {
    self.timeout = timeout
    self.requestID = requestID
    self.principal = principal
    self.progress = progress
  }
}
