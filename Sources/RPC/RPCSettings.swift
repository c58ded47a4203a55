/// The bounds of one side's calls. A value.
package struct RPCSettings: Sendable, Hashable {
  /// A message, on its way out and in. 1...2^31-1 bytes.
  package var maxMessageBytes = 4 << 20
  /// Client: calls that wait for one of the streams that the server allows; one more fails as RESOURCE_EXHAUSTED.
  package var maxWaitingCalls = 4096
  /// Client: how much less time the server is told than there is, so that its own answer arrives before the call is given
  /// up here; at most a tenth of what remains.
  package var replyMargin: Duration = .zero
  /// Server: what a handler has, after the deadline cancelled it, to end with an answer of its own.
  package var deadlineGrace: Duration = .milliseconds(250)
  /// Server: how long the last word of a call may wait without the client taking any of it; the stream is reset then.
  package var lastWordTimeout: Duration = .seconds(120)
  /// Server: handlers see the certificate of who calls.
  package var showsPeerCertificate = false

  package init() {}
}
