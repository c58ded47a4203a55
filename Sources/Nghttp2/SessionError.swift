import CNghttp2

/// A value: why a call to nghttp2 failed. Where `isFatal` is true the session can only be dropped.
package struct SessionError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable, Hashable {
    case outOfMemory
    /// One of our own callbacks reported a fault.
    case callbackFailed
    /// What arrived first is not HTTP/2's client preface.
    case badClientMagic
    /// The peer makes this side queue more frames than it lets it send.
    case flooded
    /// More CONTINUATION frames than allowed behind one HEADERS frame.
    case tooManyContinuations
    /// No stream ids are left: a new connection is needed.
    case streamIDsExhausted
    /// The call is not possible for this side, this stream or this moment.
    case invalid
  }

  package var code: Code
  package var message: String
  package var isFatal: Bool

  package var description: String { message }

  /// - Parameter library: A negative return code of nghttp2.
  init(library: Int32) {
    code =
      switch nghttp2_error(library) {
      case NGHTTP2_ERR_NOMEM: .outOfMemory
      case NGHTTP2_ERR_CALLBACK_FAILURE: .callbackFailed
      case NGHTTP2_ERR_BAD_CLIENT_MAGIC: .badClientMagic
      case NGHTTP2_ERR_FLOODED: .flooded
      case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS: .tooManyContinuations
      case NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE: .streamIDsExhausted
      default: .invalid
      }
    message = Self.text(library)
    isFatal = library < NGHTTP2_ERR_FATAL.rawValue
  }

  static let flooded = SessionError(library: NGHTTP2_ERR_FLOODED.rawValue)
  static let invalid = SessionError(library: NGHTTP2_ERR_INVALID_STATE.rawValue)

  /// nghttp2_strerror(3): never null, static memory.
  static func text(_ library: Int32) -> String {
    unsafe String(cString: nghttp2_strerror(library))
  }
}
