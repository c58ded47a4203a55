/// The right of one request to be worked on. A value; copies are the same right. What is told after the request has left
/// says nothing.
struct Slot: Sendable {
  let door: Admission
  let ticket: Admission.Ticket

  /// How long the request waited for it.
  var queued: Duration { ticket.queued }

  /// The request waits for its host: the agent can work on another meanwhile.
  func park() { door.park(ticket) }

  /// For the pool: whether the request waits for a lane.
  func waits(_ isWaiting: Bool) {
    if isWaiting { door.park(ticket) } else { door.resume(ticket) }
  }
}
