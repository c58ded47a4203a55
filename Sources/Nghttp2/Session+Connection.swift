import CNghttp2

extension Session {
  /// Queues a PING; `Event.pingAcknowledged` brings `payload` back.
  package mutating func ping(_ payload: UInt64) -> Bool {
    guard !isBroken else { return false }
    var bytes = payload.bigEndian
    return unsafe withUnsafeBytes(of: &bytes) { bytes in
      // 0, or NGHTTP2_ERR_NOMEM.
      unsafe nghttp2_submit_ping(
        handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)) == 0
    }
  }

  /// Server: the first of two GOAWAYs; the client opens no more streams once it has read it. `goAway` follows one round
  /// trip later. Source: RFC 9113, section 6.8.
  package mutating func shutdownNotice() -> Bool {
    guard !isBroken else { return false }
    // 0, or NGHTTP2_ERR_NOMEM, NGHTTP2_ERR_INVALID_STATE (this is a client).
    return unsafe nghttp2_submit_shutdown_notice(handle) == 0
  }

  /// Queues GOAWAY naming the last stream that was taken in; open streams go on. Without any, `wantsRead` and `wantsWrite`
  /// turn false after it is sent.
  package mutating func goAway(code: UInt32) -> Bool {
    guard !isBroken else { return false }
    let last = unsafe nghttp2_session_get_last_proc_stream_id(handle)
    // 0, or NGHTTP2_ERR_NOMEM, NGHTTP2_ERR_INVALID_ARGUMENT (debug data too long; a stream that is not the peer's).
    return unsafe nghttp2_submit_goaway(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, code, nil, 0) == 0
  }

  /// Queues GOAWAY after which nothing is sent or read.
  package mutating func terminate(code: UInt32) -> Bool {
    guard !isBroken else { return false }
    // 0, or NGHTTP2_ERR_NOMEM.
    return unsafe nghttp2_session_terminate_session(handle, code) == 0
  }

  /// Streams that the peer lets this side have open; 100 before its SETTINGS.
  package var peerMaxConcurrentStreams: Int {
    Int(unsafe nghttp2_session_get_remote_settings(handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
  }

  /// Client: false once GOAWAY came or went, or ids are spent.
  package var mayRequest: Bool { unsafe nghttp2_session_check_request_allowed(handle) != 0 }

  /// The highest stream whose request left the session: the peer cannot have processed any above.
  package var lastSentStream: StreamID { recorder.lastSentStream }
}
