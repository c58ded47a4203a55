/// What goes along with each call of `AgentService`. A value.
package struct CallContext: Sendable, Hashable {
  /// The whole request, with its queueing and its reply, ends by then.
  package var deadline: ContinuousClock.Instant
  /// Minted by the coordinator, the same in every log line of the request. Printable ASCII, at most 128 bytes.
  package var requestID: String
  /// For whom: what authenticated the client, for policy and the audit line. Empty when nobody did.
  package var principal: String

  package init(deadline: ContinuousClock.Instant, requestID: String, principal: String = "") {
    self.deadline = deadline
    self.requestID = requestID
    self.principal = principal
  }
}
