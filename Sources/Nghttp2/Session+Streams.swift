import CNghttp2

// Streams are ids into their session. A call for a stream that is gone, or that does not fit its state, does nothing and
// says so by returning false: the peer may have closed the stream a moment ago. So does every call after a fatal error.
extension Session {
  /// Client: opens a stream. It counts as open from now on; its frames go out with the next `send`.
  ///
  /// - Throws: `streamIDsExhausted`, `outOfMemory`, `invalid` (this is a server).
  package mutating func request(_ head: HeaderBlock, endStream: Bool) throws(SessionError) -> StreamID {
    guard !isBroken else { throw .invalid }
    var provider = unsafe Callbacks.dataProvider
    // The stream's id, or NGHTTP2_ERR_NOMEM, _STREAM_ID_NOT_AVAILABLE, _INVALID_ARGUMENT (cannot be: no priority is given),
    // _PROTO (this is a server).
    let stream = unsafe head.withFields { fields, count in
      unsafe endStream
        ? nghttp2_submit_request(handle, nil, fields, count, nil, nil)
        : nghttp2_submit_request(handle, nil, fields, count, &provider, nil)
    }
    guard stream > 0 else { throw SessionError(library: stream) }
    var queue = OutboundQueue(hasHead: true)
    if endStream { queue.finish(.done) }
    recorder.streams[stream] = queue
    return stream
  }

  /// Server: answers a request. Once for each stream.
  package mutating func respond(_ head: HeaderBlock, on stream: StreamID, endStream: Bool) -> Bool {
    // nghttp2 may crash where one stream is answered twice.
    guard !isBroken, recorder.role == .server, let queue = recorder.streams[stream], !queue.hasHead else {
      return false
    }
    recorder.streams[stream]?.hasHead = true
    if endStream { recorder.streams[stream]?.finish(.done) }
    var provider = unsafe Callbacks.dataProvider
    // 0, or NGHTTP2_ERR_NOMEM, _INVALID_ARGUMENT (stream 0), _DATA_EXIST (answered before), _PROTO (this is a client).
    let code = unsafe head.withFields { fields, count in
      unsafe endStream
        ? nghttp2_submit_response(handle, stream, fields, count, nil)
        : nghttp2_submit_response(handle, stream, fields, count, &provider)
    }
    return code == 0
  }

  /// Queues data behind what is queued, and the end of this side where `endStream`.
  package mutating func queue(_ payload: any Payload, on stream: StreamID, endStream: Bool) -> Bool {
    guard isSendable(stream) else { return false }
    recorder.streams[stream]?.append(payload, highWatermark: recorder.options.highWatermark)
    if endStream { recorder.streams[stream]?.finish(.endStream) }
    return resume(stream)
  }

  /// Queues the end of this side, with trailers.
  package mutating func queue(trailers: HeaderBlock, on stream: StreamID) -> Bool {
    guard isSendable(stream) else { return false }
    recorder.streams[stream]?.finish(.trailers(trailers))
    return resume(stream)
  }

  /// Drops what is queued and resets the stream; `Event.closed` follows once RST_STREAM is sent.
  package mutating func reset(_ stream: StreamID, code: UInt32) -> Bool {
    guard !isBroken, recorder.streams[stream] != nil, recorder.resets[stream] == nil else { return false }
    recorder.resets[stream] = .user
    // 0, or NGHTTP2_ERR_NOMEM, NGHTTP2_ERR_INVALID_ARGUMENT (stream 0).
    return unsafe nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code) == 0
  }

  /// `bytes` of the stream's data are dealt with, or as many as there are: WINDOW_UPDATE for stream and connection follows when it is
  /// worth a frame.
  ///
  /// The stream's window is given back by eighths. nghttp2 by itself gives back half a window, and then waits for the other half and a
  /// byte more, which cannot come before the first has been given back: over distance half a window passes in a round trip.
  package mutating func consume(_ bytes: Int, on stream: StreamID) -> Bool {
    guard !isBroken else { return false }
    guard let held = recorder.unconsumed[stream] else { return true }
    let bytes = min(bytes, held)
    recorder.unconsumed[stream] = held - bytes
    guard consumeConnection(bytes) else { return false }
    // What came since the last WINDOW_UPDATE, padding too; -1 where the stream is gone.
    let received = unsafe nghttp2_session_get_stream_effective_recv_data_length(handle, stream)
    let due = Int(received) - (held - bytes)
    guard due >= recorder.options.streamWindow / 8 else { return true }
    // 0, also where the stream is gone; or NGHTTP2_ERR_NOMEM, _FLOW_CONTROL (beyond 2^31-1).
    return unsafe nghttp2_submit_window_update(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, Int32(due)) == 0
  }

  mutating func consumeConnection(_ bytes: Int) -> Bool {
    guard !isBroken else { return false }
    // 0, or NGHTTP2_ERR_NOMEM, NGHTTP2_ERR_INVALID_STATE (windows update themselves; they do not here).
    return unsafe nghttp2_session_consume_connection(handle, bytes) == 0
  }

  /// Bytes queued on the stream and not in the output yet.
  package func pendingBytes(on stream: StreamID) -> Int { recorder.streams[stream]?.pendingBytes ?? 0 }

  /// False from the high watermark until `Event.writable`, and on a stream that takes no data.
  package func isWritable(_ stream: StreamID) -> Bool {
    guard let queue = recorder.streams[stream] else { return false }
    return queue.isOpen && !queue.isFull
  }

  /// Streams of both sides that are not closed.
  package var openStreams: Int { recorder.streams.count }

  private func isSendable(_ stream: StreamID) -> Bool {
    guard let queue = recorder.streams[stream] else { return false }
    return queue.hasHead && queue.isOpen && recorder.resets[stream] == nil
  }

  private func resume(_ stream: StreamID) -> Bool {
    guard let queue = recorder.streams[stream], queue.isDeferred, queue.portion(limit: 1) != nil else { return true }
    recorder.streams[stream]?.isDeferred = false
    // 0, or NGHTTP2_ERR_NOMEM, NGHTTP2_ERR_INVALID_ARGUMENT (no such stream, or it was not deferred).
    return unsafe nghttp2_session_resume_data(handle, stream) == 0
  }
}
