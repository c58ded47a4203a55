/// A legacy client's GET stream: a resumed answer, or the session's own stream. A value, owned by the driver's task for that
/// request; it changes through `MCPEndpoint.next` alone.
package struct ListenStream: Sendable {
  /// Between two comments on a stream without events.
  package static let keepAliveInterval: Duration = .seconds(15)
  package static let keepAlive = ServerSentEvent.keepAlive
  /// Status 200 and these begin the answer.
  package static let fields = ServerSentEvent.fields

  let session: String
  let token: UInt64
  var position: EventID
}

/// What a listening driver does next.
package enum ListenStep: Sendable, Hashable {
  case write([UInt8])
  /// Nothing now; `wake` says when to ask again.
  case wait
  /// The stream is complete, replaced by a newer one, or its session is gone: close it.
  case end
}
