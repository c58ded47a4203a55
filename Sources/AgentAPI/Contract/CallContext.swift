import RPC

/// What goes along with each call of `AgentService`. A value.
package struct CallContext: Sendable, Hashable {
  /// The whole request, with its queueing and its reply, ends by then.
  package var deadline: ContinuousClock.Instant
  /// Minted by the coordinator, the same in every log line of the request. Printable ASCII, at most 128 bytes.
  package var requestID: String
  /// For whom: what authenticated the client, for policy and the audit line. Empty when nobody did.
  package var principal: String
  /// How much it matters that it is served when not all can be.
  package var importance: CallImportance
  /// How its caller left, where it came over a link. No part of what the call says: it is not compared.
  var fate: CallFate?

  package init(
    deadline: ContinuousClock.Instant, requestID: String, principal: String = "",
    importance: CallImportance = .interactive
  ) {
    self.deadline = deadline
    self.requestID = requestID
    self.principal = principal
    self.importance = importance
  }

  /// For a call that was cancelled: its link broke, so the caller may come back for it.
  package var isLinkLost: Bool { fate?.isLinkLost ?? false }

  package static func == (left: CallContext, right: CallContext) -> Bool {
    left.deadline == right.deadline && left.requestID == right.requestID && left.principal == right.principal
      && left.importance == right.importance
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(deadline)
    hasher.combine(requestID)
  }
}

/// How much a call matters to whoever makes it. The raw value is that of the metadata `scout-importance`.
package enum CallImportance: String, Sendable, Hashable, CaseIterable {
  /// Whether an agent or a host is well: not to be lost among the requests that make one doubt it.
  case control
  /// Somebody waits.
  case interactive
  case batch
  /// Made beside another one that may answer first: nobody misses it.
  case hedge
}
