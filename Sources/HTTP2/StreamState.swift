import Nghttp2

/// A value: what a connection knows of a stream that is open.
struct StreamState {
  /// Nil while a server's `accept` runs.
  var handler: (any HTTP2StreamHandler)?
  /// The peer ended its side.
  var peerEnded = false
  /// A head came from the peer: whatever it says later, it has seen the request.
  var hasHead = false
  /// This side reset the stream: nothing but `closed` is told any more.
  var isReset = false
  /// Why the stream will have closed, where it is known before.
  var failure: HTTP2Error?
}

extension HTTP2Error {
  /// Why a stream closed; nil where it ended in good order.
  ///
  /// - Parameter sent: The request had left this side.
  init?(closed code: UInt32, by closer: Event.Closer, state: StreamState, sent: Bool) {
    let code = HTTP2ErrorCode(wire: code)
    if let failure = state.failure {
      self = failure
      return
    }
    switch closer {
    case .session where code == .noError: return nil
    case .peer where code == .noError && state.peerEnded: return nil
    case .session where code == .refusedStream && !state.hasHead, .peer where code == .refusedStream && !state.hasHead:
      self = HTTP2Error(
        .refusedStream, "The peer did not process the request; send it again", scope: .stream, maybeProcessed: false)
    case .peer:
      self = HTTP2Error(.streamReset(code), "The peer reset the stream: \(code)", scope: .stream, maybeProcessed: sent)
    case .user, .session:
      self = HTTP2Error(.streamReset(code), "The stream was reset here: \(code)", scope: .stream, maybeProcessed: sent)
    case .violation:
      self = HTTP2Error(
        .protocolViolation, "The peer broke RFC 9113 on the stream, which was reset: \(code)", scope: .stream,
        maybeProcessed: sent)
    }
  }
}
