/// What one legacy client has negotiated over HTTP. A value; `SessionTable` holds it.
struct LegacySession: Sendable {
  let id: String
  /// Who opened it; to anybody else it does not exist.
  let principal: String
  let revision: MCPRevision
  var logLevel: MCPLogLevel?
  var lastUsed: ContinuousClock.Instant
  var replay: ReplayBuffer
  /// The one reader of each stream that was resumed or opened by GET; a newer one takes its place.
  var listeners: [UInt64: Listener] = [:]
  private var newestStream: UInt64 = 0
  private var newestListener: UInt64 = 0

  struct Listener: Sendable {
    var token: UInt64
    /// Says that `MCPEndpoint.next` has something new; nil until the driver stands ready.
    var wake: (@Sendable () -> Void)?
  }

  init(
    id: String, principal: String, revision: MCPRevision, replay: ReplayBuffer.Bounds, now: ContinuousClock.Instant
  ) {
    self.id = id
    self.principal = principal
    self.revision = revision
    self.replay = ReplayBuffer(bounds: replay)
    self.lastUsed = now
  }

  /// A stream of its own for the answer to one request.
  mutating func openedStream() -> UInt64 {
    newestStream += 1
    replay.opened(stream: newestStream)
    return newestStream
  }

  /// The listener's token, and the one whom it replaces.
  mutating func listened(to stream: UInt64) -> (token: UInt64, replaced: Listener?) {
    newestListener += 1
    return (newestListener, listeners.updateValue(Listener(token: newestListener), forKey: stream))
  }
}
