/// What goes along with any call. A value.
package struct CallOptions: Sendable {
  /// For the whole call; nil: the settings' default.
  package var timeout: Duration?
  package var requestID: String
  /// Who asks, for the agent's policy and the audit line.
  package var principal: String
  package var progress: FanOut.Progress?

  package init(timeout: Duration? = nil, requestID: String, principal: String = "", progress: FanOut.Progress? = nil) {
    self.timeout = timeout
    self.requestID = requestID
    self.principal = principal
    self.progress = progress
  }
}
