import NIOCore

/// Carries a connection's bytes: a TCP socket, or a channel of another SSH connection. Confined to its event loop.
protocol ByteTransport: AnyObject {
  func send(_ bytes: ByteBuffer)
  /// Ends it after what was sent; the receiver is told.
  func close()
  /// Asks for prompt acknowledgements: called after each receive while somebody waits for single small messages.
  func acknowledgePromptly()
}

/// What a transport tells. Confined to its event loop.
protocol ByteTransportReceiver: AnyObject {
  func transportReceived(_ bytes: ByteBuffer)
  /// No more bytes are there for now.
  func transportPaused()
  /// Once and last. The text is nil for an orderly end.
  func transportEnded(_ reason: String?)
}
