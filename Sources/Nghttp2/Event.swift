/// The number of a stream: odd where the client opened it. Source: RFC 9113, section 5.1.1.
package typealias StreamID = Int32

/// A value: something that happened inside one call to a session, recorded and told after that call has returned.
package enum Event: Sendable, Hashable {
  /// Server: a request's head. Client: a response's final head (1xx heads are not recorded).
  case head(StreamID, HeaderBlock, endStream: Bool)
  case trailers(StreamID, HeaderBlock)
  /// `range` counts from the first byte of the input of the call that recorded this. It may be empty where it only carries
  /// `endStream`. The bytes count against the windows until they are consumed.
  case data(StreamID, range: Range<Int>, endStream: Bool)
  /// The peer's head or trailers passed `SessionOptions.maxHeaderListSize`; the stream is being reset.
  case headerListTooLarge(StreamID)
  /// The queue reached the high watermark and is below the low one again.
  case writable(StreamID)
  /// The stream is gone; the last event of its id. `code` is RFC 9113's (section 7), 0 where both sides ended it.
  case closed(StreamID, code: UInt32, by: Closer)
  case settings
  case settingsAcknowledged
  case pingAcknowledged(UInt64)
  /// The peer opens and takes no streams above `lastStream`. `debug` is bounded and meant for a log.
  case goAway(lastStream: StreamID, code: UInt32, debug: String)

  package enum Closer: Sendable, Hashable {
    /// Both sides ended the stream, or the session did: GOAWAY, a head that could not be sent.
    case session
    /// RST_STREAM arrived.
    case peer
    /// RST_STREAM went out because the user asked for it.
    case user
    /// RST_STREAM went out because of what the peer sent.
    case violation
  }
}
