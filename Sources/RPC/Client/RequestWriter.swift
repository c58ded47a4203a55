/// Sendable: its call's state is behind a lock. Takes the messages of a client-streaming call.
package struct RequestWriter: Sendable {
  /// The server has answered, or the call failed: `RPCClient.clientStream` gives that result.
  package struct CallIsOver: Error, Sendable {}

  let call: ClientCall
  let maxMessageBytes: Int

  /// Suspends while the server does not keep up.
  ///
  /// - Throws: `CallIsOver`, which the caller lets pass; CancellationError; RPCError for a message that is too long.
  package func write(_ message: FramedMessage) async throws {
    try message.check(limit: maxMessageBytes)
    guard try await call.send(message) else { throw CallIsOver() }
  }
}

extension FramedMessage {
  /// - Throws: `resourceExhausted` for one longer than `limit`.
  func check(limit: Int) throws(RPCError) {
    guard count <= limit else {
      throw RPCError(
        .resourceExhausted, "a message of \(count) bytes; at most \(limit) are sent", mayHaveRun: false)
    }
  }
}
