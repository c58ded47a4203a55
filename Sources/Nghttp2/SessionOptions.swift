import CNghttp2

/// A value: what one side offers to its peer and what it bears. Bounds that the wire sets: RFC 9113, section 6.5.2.
package struct SessionOptions: Sendable, Hashable {
  /// Streams the peer may have open. Above: REFUSED_STREAM.
  package var maxConcurrentStreams: UInt32 = 256
  /// Bytes a stream may receive unconsumed. At most 2^31-1; above: the stream or the connection ends.
  package var streamWindow: Int32 = 1 << 20
  /// The same for the connection. 65,535...2^31-1.
  package var connectionWindow: Int32 = 16 << 20
  /// Above: the stream is reset, `Event.headerListTooLarge`.
  package var maxHeaderListSize = 16 << 10

  /// Bytes queued on a stream at which it stops being writable, and below which it is so again.
  package var highWatermark = 256 << 10
  package var lowWatermark = 64 << 10

  /// Server: RST_STREAM frames that the peer may send in a burst and per second; above: GOAWAY. nghttp2 has this since 1.57;
  /// Debian 12 carries it back to its 1.52 (security update deb12u1), and the header of that build declares it.
  package var resetBurst: UInt64 = 1000
  package var resetsPerSecond: UInt64 = 33
  /// CONTINUATION frames behind one HEADERS frame; above: `SessionError.tooManyContinuations`. nghttp2 has this since 1.61,
  /// Debian 12 since deb12u2.
  package var maxContinuations = 8
  /// Acknowledgements of SETTINGS and PING that may wait for output; above: `SessionError.flooded`.
  package var maxQueuedAcknowledgements = 1000
  /// Frames of all kinds that may wait for output after input was taken; above: `SessionError.flooded`.
  package var maxQueuedFrames = 8192
  /// Heads and trailers recorded before a call to `receive` pauses.
  package var maxRecordedBytes = 256 << 10

  package init() {}
}

extension SessionOptions {
  /// Calls `body` with nghttp2's form of these options.
  func withOptions<R>(_ body: (OpaquePointer) throws(SessionError) -> R) throws(SessionError) -> R {
    var options: OpaquePointer?
    // 0, or NGHTTP2_ERR_NOMEM.
    let code = unsafe nghttp2_option_new(&options)
    guard code == 0, let options = unsafe options else { throw SessionError(library: code) }
    defer { unsafe nghttp2_option_del(options) }
    // None of these fails.
    unsafe nghttp2_option_set_no_auto_window_update(options, 1)
    unsafe nghttp2_option_set_no_closed_streams(options, 1)
    unsafe nghttp2_option_set_stream_reset_rate_limit(options, resetBurst, resetsPerSecond)
    unsafe nghttp2_option_set_max_continuations(options, maxContinuations)
    unsafe nghttp2_option_set_max_outbound_ack(options, maxQueuedAcknowledgements)
    unsafe nghttp2_option_set_max_reserved_remote_streams(options, 0)
    return try unsafe body(options)
  }

  /// The first SETTINGS frame.
  func entries(_ role: Session.Role) -> [nghttp2_settings_entry] {
    var entries = [
      entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, maxConcurrentStreams),
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: streamWindow)),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: maxHeaderListSize)),
    ]
    if role == .client { entries.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0)) }
    return entries
  }

  private func entry(_ id: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
    nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
  }
}
