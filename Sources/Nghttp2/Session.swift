import CNghttp2

/// Confined to its owner: one `nghttp2_session`, for either side of a connection, without I/O. Three verbs: `receive` takes
/// bytes, `send` gives bytes, `takeEvents` says what happened. It knows no time.
///
/// nghttp2's callbacks only record, so nothing of the user's runs inside a C call. Nothing that a peer sends traps; what it
/// sends wrongly becomes RST_STREAM or GOAWAY, to be sent like any other output, or an error that is fatal to the session.
/// Source: nghttp2(3), https://nghttp2.org/documentation/programmers-guide.html; RFC 9113.
@safe package struct Session: ~Copyable {
  package enum Role: Sendable, Hashable {
    case client
    case server
  }

  /// The least room that `send` makes use of: the largest piece that nghttp2 gives at once.
  package static let leastRoom = frameHeadSize + 16_384 + 256
  static let frameHeadSize = 9
  /// Bytes of GOAWAY's debug data that are kept.
  static let maxDebugData = 256

  let handle: OpaquePointer
  let recorder: Recorder
  /// A piece of output that did not fit; it goes out first.
  private var overflow: [UInt8] = []
  /// A call failed fatally: nghttp2 allows nothing but dropping the session.
  private(set) var isBroken = false

  /// Queues the client's preface or the server's, with SETTINGS.
  package init(_ role: Role, options: SessionOptions = SessionOptions()) throws(SessionError) {
    recorder = Recorder(options: options, role: role)
    unsafe handle = try Self.open(role, options, recorder)
  }

  deinit {
    unsafe nghttp2_session_del(handle)
  }

  private static func open(
    _ role: Role, _ options: SessionOptions, _ recorder: Recorder
  ) throws(SessionError) -> OpaquePointer {
    // The session holds the recorder for as long as the handle lives.
    let userData = unsafe Unmanaged.passUnretained(recorder).toOpaque()
    return try unsafe options.withOptions { library throws(SessionError) in
      try unsafe Callbacks.withTable { callbacks throws(SessionError) in
        var handle: OpaquePointer?
        // 0, or NGHTTP2_ERR_NOMEM.
        let code =
          switch role {
          case .client: unsafe nghttp2_session_client_new2(&handle, callbacks, userData, library)
          case .server: unsafe nghttp2_session_server_new2(&handle, callbacks, userData, library)
          }
        guard code == 0, let handle = unsafe handle else { throw SessionError(library: code) }
        do throws(SessionError) {
          try unsafe introduce(handle, role, options)
        } catch {
          unsafe nghttp2_session_del(handle)
          throw error
        }
        return unsafe handle
      }
    }
  }

  private static func introduce(
    _ handle: OpaquePointer, _ role: Role, _ options: SessionOptions
  ) throws(SessionError) {
    let entries = options.entries(role)
    // 0, NGHTTP2_ERR_INVALID_ARGUMENT (a value that RFC 9113 does not allow), NGHTTP2_ERR_NOMEM.
    var code = unsafe nghttp2_submit_settings(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
    guard code == 0 else { throw SessionError(library: code) }
    // 0, NGHTTP2_ERR_INVALID_ARGUMENT (a negative stream), NGHTTP2_ERR_NOMEM.
    code = unsafe nghttp2_session_set_local_window_size(
      handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, options.connectionWindow)
    guard code == 0 else { throw SessionError(library: code) }
  }

  // MARK: Bytes in

  /// Takes input and records events. Returns the bytes taken: fewer than given only where `isPaused`; the caller then takes
  /// the events and calls again with the rest, even where the rest is empty.
  ///
  /// - Throws: A fatal error: the connection has to be closed, and nothing more can be done with the session.
  package mutating func receive(_ bytes: RawSpan) throws(SessionError) -> Int {
    guard !isBroken else { throw .invalid }
    let taken = unsafe bytes.withUnsafeBytes { bytes in
      unsafe recorder.beginInput(bytes)
      // nghttp2 takes no null pointer.
      var nothing: UInt8 = 0
      let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      // Bytes taken, or NGHTTP2_ERR_NOMEM, _CALLBACK_FAILURE, _BAD_CLIENT_MAGIC, _FLOODED, _TOO_MANY_CONTINUATIONS: all fatal.
      return if let start = unsafe start {
        unsafe nghttp2_session_mem_recv(handle, start, bytes.count)
      } else {
        unsafe nghttp2_session_mem_recv(handle, &nothing, 0)
      }
    }
    recorder.endInput()
    guard taken >= 0 else { throw broken(SessionError(library: Int32(clamping: taken))) }
    // Counts what waits, DATA that is held by windows aside.
    guard unsafe nghttp2_session_get_outbound_queue_size(handle) <= recorder.options.maxQueuedFrames else {
      throw broken(.flooded)
    }
    return taken
  }

  private mutating func broken(_ error: SessionError) -> SessionError {
    isBroken = true
    recorder.streams = [:]
    recorder.unconsumed = [:]
    return error
  }

  /// True where `receive` stopped early because enough was recorded.
  package var isPaused: Bool { recorder.isPaused }

  // MARK: What happened

  package var hasEvents: Bool { !recorder.events.isEmpty }

  /// The events since the last call, in order. `recycled` is emptied and used for the next ones. What was not consumed of streams that
  /// have closed is given back to the connection's window.
  package mutating func takeEvents(recycling recycled: consuming [Event] = []) -> [Event] {
    recycled.removeAll(keepingCapacity: true)
    let events = recorder.events
    recorder.events = recycled
    if recorder.abandoned > 0 { _ = consumeConnection(recorder.abandoned) }
    recorder.abandoned = 0
    return events
  }

  /// Resets sent so far because of what the peer did; a peer can be made to cost work that way without a reset of its own
  /// (CVE-2025-8671), so the owner of a public listener bounds its rate.
  package var provokedResets: Int { recorder.provokedResets }
  /// What the peer did wrong, where this side ended the connection for it.
  package var violation: String? { recorder.endedInError ? recorder.violation ?? "a frame that is not allowed" : nil }

  // MARK: Bytes out

  /// Appends frames to `output` until nothing waits or less than `leastRoom` is left, and records events. Returns true where
  /// more waits for room.
  ///
  /// - Throws: A fatal error.
  package mutating func send(into output: inout OutputRawSpan) throws(SessionError) -> Bool {
    guard !isBroken else { throw .invalid }
    return try unsafe output.withUnsafeMutableBytes { memory, initialized throws(SessionError) in
      unsafe recorder.beginOutput(UnsafeMutableRawBufferPointer(rebasing: memory[initialized...]))
      defer { initialized += recorder.endOutput() }
      guard flushOverflow() else { return true }
      while recorder.room >= Self.leastRoom {
        var piece: UnsafePointer<UInt8>?
        // Bytes at `piece`, valid until the next call; 0 where nothing can be sent; NGHTTP2_ERR_NOMEM or
        // NGHTTP2_ERR_CALLBACK_FAILURE: fatal.
        let count = unsafe nghttp2_session_mem_send(handle, &piece)
        guard count >= 0 else { throw broken(SessionError(library: Int32(clamping: count))) }
        guard count > 0 else { return recorder.needsRoom }
        let bytes = unsafe UnsafeRawBufferPointer(start: piece, count: count)
        guard unsafe recorder.write(bytes) else {
          unsafe overflow = Array(bytes)
          return true
        }
      }
      return wantsWrite
    }
  }

  private mutating func flushOverflow() -> Bool {
    guard !overflow.isEmpty else { return true }
    guard unsafe overflow.withUnsafeBytes({ unsafe recorder.write($0) }) else { return false }
    overflow = []
    return true
  }

  /// Input is of use. Where neither this nor `wantsWrite` is true the connection is over.
  package var wantsRead: Bool { unsafe !isBroken && nghttp2_session_want_read(handle) != 0 }

  /// Output waits, as far as the peer's windows allow it.
  package var wantsWrite: Bool {
    unsafe !isBroken && (nghttp2_session_want_write(handle) != 0 || !overflow.isEmpty)
  }
}
