import CNghttp2

/// The C side of `Recorder`: each function unpacks its arguments, records, and returns. None calls into nghttp2 except to
/// submit trailers, which nghttp2 allows there.
enum Callbacks {
  /// Calls `body` with the table of callbacks; `nghttp2_session_*_new2` copies it.
  static func withTable<R>(_ body: (OpaquePointer) throws(SessionError) -> R) throws(SessionError) -> R {
    var table: OpaquePointer?
    // 0, or NGHTTP2_ERR_NOMEM.
    let code = unsafe nghttp2_session_callbacks_new(&table)
    guard code == 0, let table = unsafe table else { throw SessionError(library: code) }
    defer { unsafe nghttp2_session_callbacks_del(table) }
    unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(table, onBeginHeaders)
    unsafe nghttp2_session_callbacks_set_on_header_callback(table, onHeader)
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, onDataChunk)
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(table, onFrame)
    unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(table, onInvalidFrame)
    unsafe nghttp2_session_callbacks_set_on_frame_send_callback(table, onFrameSent)
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(table, onStreamClose)
    unsafe nghttp2_session_callbacks_set_send_data_callback(table, onSendData)
    unsafe nghttp2_session_callbacks_set_error_callback2(table, onError)
    return try unsafe body(table)
  }

  /// Where DATA frames of every stream come from.
  static var dataProvider: nghttp2_data_provider {
    unsafe nghttp2_data_provider(source: nghttp2_data_source(), read_callback: onReadData)
  }

  private static func recorder(_ userData: UnsafeMutableRawPointer) -> Recorder {
    unsafe Unmanaged<Recorder>.fromOpaque(userData).takeUnretainedValue()
  }

  private static let onBeginHeaders: nghttp2_on_begin_headers_callback = { _, frame, userData in
    guard let frame = unsafe frame?.pointee, let userData = unsafe userData else { return failure }
    unsafe recorder(userData).headersBegan(
      frame.hd.stream_id, isRequest: frame.headers.cat == NGHTTP2_HCAT_REQUEST)
    return 0
  }

  private static let onHeader: nghttp2_on_header_callback = {
    _, frame, name, nameCount, value, valueCount, _, userData in
    guard let frame = unsafe frame?.pointee, let userData = unsafe userData else { return failure }
    let verdict = unsafe recorder(userData).field(
      frame.hd.stream_id, name: UnsafeRawBufferPointer(start: name, count: nameCount),
      value: UnsafeRawBufferPointer(start: value, count: valueCount))
    return switch verdict {
    case .goOn: 0
    case .pause: NGHTTP2_ERR_PAUSE.rawValue
    // nghttp2 sends RST_STREAM(INTERNAL_ERROR) and tells no more of this block, decoding it all the same.
    case .resetStream: NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
  }

  private static let onDataChunk: nghttp2_on_data_chunk_recv_callback = { _, _, stream, bytes, count, userData in
    guard let userData = unsafe userData else { return failure }
    let isInside = unsafe recorder(userData).data(stream, UnsafeRawBufferPointer(start: bytes, count: count))
    return isInside ? 0 : failure
  }

  private static let onFrame: nghttp2_on_frame_recv_callback = { _, frame, userData in
    guard let frame = unsafe frame?.pointee, let userData = unsafe userData else { return failure }
    unsafe recorder(userData).received(frame)
    return 0
  }

  private static let onInvalidFrame: nghttp2_on_invalid_frame_recv_callback = { _, _, code, userData in
    guard let userData = unsafe userData else { return failure }
    unsafe recorder(userData).violation = SessionError.text(code)
    return 0
  }

  /// What nghttp2 says in words.
  private static let onError: nghttp2_error_callback2 = { _, _, message, count, userData in
    guard let userData = unsafe userData else { return failure }
    let text = unsafe UnsafeRawBufferPointer(start: message, count: min(count, Session.maxDebugData))
    unsafe recorder(userData).violation = String(decoding: text, as: UTF8.self)
    return 0
  }

  private static let onFrameSent: nghttp2_on_frame_send_callback = { _, frame, userData in
    guard let frame = unsafe frame?.pointee, let userData = unsafe userData else { return failure }
    switch unsafe nghttp2_frame_type(UInt32(frame.hd.type)) {
    case NGHTTP2_RST_STREAM: unsafe recorder(userData).resetSent(frame.hd.stream_id)
    case NGHTTP2_HEADERS:
      if unsafe frame.headers.cat == NGHTTP2_HCAT_REQUEST {
        unsafe recorder(userData).lastSentStream = frame.hd.stream_id
      }
    case NGHTTP2_GOAWAY:
      if unsafe frame.goaway.error_code != NGHTTP2_NO_ERROR.rawValue { unsafe recorder(userData).endedInError = true }
    default: break
    }
    return 0
  }

  private static let onStreamClose: nghttp2_on_stream_close_callback = { _, stream, code, userData in
    guard let userData = unsafe userData else { return failure }
    unsafe recorder(userData).closed(stream, code: code)
    return 0
  }

  /// Promises bytes; `onSendData` moves them (NGHTTP2_DATA_FLAG_NO_COPY).
  private static let onReadData: nghttp2_data_source_read_callback = {
    session, stream, _, limit, flags, _, userData in
    guard let userData = unsafe userData, let flags = unsafe flags else { return Int(failure) }
    let recorder = unsafe recorder(userData)
    guard let portion = recorder.portion(stream, limit: limit) else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
    unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
    guard portion.isLast else { return portion.count }
    unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    if let trailers = recorder.takeTrailers(stream) {
      unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
      // 0, NGHTTP2_ERR_NOMEM, or NGHTTP2_ERR_INVALID_ARGUMENT (stream 0).
      let code = unsafe trailers.withFields { unsafe nghttp2_submit_trailer(session, stream, $0, $1) }
      guard code == 0 else { return Int(failure) }
    }
    return portion.count
  }

  private static let onSendData: nghttp2_send_data_callback = { _, frame, frameHead, count, _, userData in
    guard let frame = unsafe frame?.pointee, let userData = unsafe userData else { return failure }
    let sending = unsafe recorder(userData).send(
      frame.hd.stream_id, frameHead: UnsafeRawBufferPointer(start: frameHead, count: Session.frameHeadSize),
      count: count)
    return switch sending {
    case .sent: 0
    case .needsRoom: NGHTTP2_ERR_WOULDBLOCK.rawValue
    case .broken: failure
    }
  }

  private static let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
}

extension Recorder {
  /// Frames that are complete. HEADERS with their CONTINUATIONs count as one.
  fileprivate func received(_ frame: nghttp2_frame) {
    let stream = unsafe frame.hd.stream_id
    let endStream = unsafe UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    let isAcknowledgement = unsafe UInt32(frame.hd.flags) & NGHTTP2_FLAG_ACK.rawValue != 0
    switch unsafe nghttp2_frame_type(UInt32(frame.hd.type)) {
    case NGHTTP2_DATA:
      if endStream { dataEnded(stream) }
    case NGHTTP2_HEADERS:
      headersEnded(stream, endStream: endStream)
    case NGHTTP2_RST_STREAM:
      resetReceived(stream)
    case NGHTTP2_SETTINGS:
      events.append(isAcknowledgement ? .settingsAcknowledged : .settings)
    case NGHTTP2_PING where isAcknowledgement:
      let bytes = unsafe frame.ping.opaque_data
      events.append(.pingAcknowledged(unsafe UInt64(bigEndian: unsafeBitCast(bytes, to: UInt64.self))))
    case NGHTTP2_GOAWAY:
      let debug = unsafe UnsafeBufferPointer(
        start: frame.goaway.opaque_data, count: min(frame.goaway.opaque_data_len, Session.maxDebugData))
      events.append(
        .goAway(
          lastStream: unsafe frame.goaway.last_stream_id, code: unsafe frame.goaway.error_code,
          debug: unsafe String(decoding: debug, as: UTF8.self)))
    default: break
    }
  }
}

extension HeaderBlock {
  /// Calls `body` with the fields in nghttp2's form, which points into this block's memory; nghttp2 copies the fields.
  func withFields<R>(_ body: (UnsafePointer<nghttp2_nv>?, Int) throws -> R) rethrows -> R {
    try unsafe bytes.withUnsafeBufferPointer { bytes in
      try unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: count) { fields in
        // nghttp2 does not write through these pointers.
        let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress)
        var start = 0
        for field in 0..<count {
          let (nameEnd, valueEnd) = (ends[2 * field], ends[2 * field + 1])
          unsafe fields.initializeElement(
            at: field,
            to: nghttp2_nv(
              name: base.map { unsafe $0 + start }, value: base.map { unsafe $0 + nameEnd },
              namelen: nameEnd - start, valuelen: valueEnd - nameEnd, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
          start = valueEnd
        }
        return try unsafe body(UnsafePointer(fields.baseAddress), count)
      }
    }
  }
}
