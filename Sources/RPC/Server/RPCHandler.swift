package import NIOCore

/// What serves a method. A value.
///
/// A handler runs in a task of its own, which is cancelled when the client gives up, the deadline passes or the connection is
/// lost. An RPCError that it throws is the call's status; CancellationError is CANCELLED (DEADLINE_EXCEEDED where that is why);
/// anything else is UNKNOWN and only the log says more.
package enum RPCHandler: Sendable {
  /// One message, one back.
  case unary(@Sendable (_ message: ByteBuffer, _ call: RPCContext) async throws -> RPCAnswer)
  /// One message, any number back; returns the trailers.
  case serverStream(
    @Sendable (_ message: ByteBuffer, _ call: RPCContext, _ reply: ReplyWriter) async throws -> RPCMetadata)
  /// Any number of messages, one back. It may answer before it has read all.
  case clientStream(@Sendable (_ request: RequestReader, _ call: RPCContext) async throws -> RPCAnswer)

  /// Whether the handler starts at once rather than with the whole request.
  var readsItself: Bool {
    if case .clientStream = self { true } else { false }
  }
}

/// What a handler with one answer gives. A value.
package struct RPCAnswer: Sendable {
  package var message: FramedMessage
  package var trailers: RPCMetadata

  package init(_ message: FramedMessage, trailers: RPCMetadata = RPCMetadata()) {
    self.message = message
    self.trailers = trailers
  }
}

/// What a handler knows of its call. A value.
package struct RPCContext: Sendable {
  /// `/package.Service/Method`.
  package var path: String
  package var metadata: RPCMetadata
  /// Nil where the client set none.
  package var deadline: ContinuousClock.Instant?
  /// The other end, as the socket has it.
  package var peer: SocketAddress?
  /// The other end's certificate in DER, where it showed one and `RPCSettings.showsPeerCertificate` asks for it.
  package var peerCertificate: [UInt8]?
  package let fate = CallFate()

  package init(
    path: String, metadata: RPCMetadata, deadline: ContinuousClock.Instant?, peer: SocketAddress?,
    peerCertificate: [UInt8]? = nil
  ) {
    self.peerCertificate = peerCertificate
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.peer = peer
  }
}

/// Sendable: its call's state is behind a lock. Takes the messages of a server-streaming answer.
package struct ReplyWriter: Sendable {
  let call: ServerCall

  /// Suspends while the client does not keep up.
  ///
  /// - Throws: CancellationError when the client has gone or the task is cancelled; RPCError for a message that is too long.
  package func write(_ message: FramedMessage) async throws {
    try await call.send(message)
  }
}

/// Sendable: its call's state is behind a lock. Gives the messages of a client-streaming request.
package struct RequestReader: Sendable {
  let call: ServerCall

  /// The next message; nil after the last. One task at a time.
  ///
  /// - Throws: CancellationError when the client has gone or the task is cancelled; RPCError for bytes that are no message.
  package func next() async throws -> ByteBuffer? {
    try await call.nextMessage()
  }
}
