import CSSH2

/// A channel of one session. Never used again for another channel. A value.
package struct ChannelID: Sendable, Hashable {
  let number: UInt32
}

/// RFC 4254 sections 6.1 and 7.2. A value.
package enum ChannelKind: Sendable, Hashable {
  case session
  case directTCPIP(host: String, port: Int)
}

/// What runs in a session channel. A value.
package enum ChannelRequest: Sendable, Hashable {
  case exec(String)
  case subsystem(String)
}

package enum ChannelStream: Sendable, Hashable {
  case standard
  case error

  var number: CInt {
    switch self {
    case .standard: 0
    case .error: SSH_EXTENDED_DATA_STDERR
    }
  }
}

/// What a read of a channel gave. A value.
package enum ChannelRead: Sendable, Hashable {
  case bytes(Int)
  case again
  /// The host will send nothing more.
  case end
}

/// How the program in a channel ended. A value.
package struct ChannelExit: Sendable, Hashable {
  /// 0 also when the host sent no status at all: libssh2 does not tell the two apart.
  package var status: Int32
  /// Name without "SIG", at most 64 bytes.
  package var signal: String?
}

extension Session {
  /// Opens a channel; one at a time: while this says `.again`, no other kind may be asked for.
  /// - Throws: `channelRefused` (sshd's MaxSessions, a forward that it does not allow or cannot reach, or no answer within a minute).
  package mutating func openChannel(_ kind: ChannelKind) throws(SessionError) -> Poll<ChannelID> {
    try checkUsable()
    guard opening == nil || opening == kind else { throw SessionError(.misuse, "another channel is being opened") }
    opening = kind
    // 0, or LIBSSH2_ERROR_BAD_USE; so that the number below is this call's.
    unsafe _ = libssh2_session_set_last_error(pointer, 0, nil)
    // The channel, or NULL with the number set: EAGAIN, CHANNEL_FAILURE (refused), ALLOC, PROTO, SOCKET_*.
    var channel: OpaquePointer?
    let result =
      switch kind {
      case .session:
        unsafe scout_channel_open(assertions.pointer, pointer, limits.window, &channel)
      case .directTCPIP(let host, let port):
        unsafe scout_channel_direct(assertions.pointer, pointer, host, CInt(clamping: port), &channel)
      }
    guard result == 0 else { throw failure(result) }
    guard let channel = unsafe channel else {
      let number = unsafe libssh2_session_last_errno(pointer)
      if number == LIBSSH2_ERROR_EAGAIN { return .again }
      opening = nil
      // libssh2 waits a minute for the answer and then forgets the channel: the others are as sound as before.
      guard number != LIBSSH2_ERROR_TIMEOUT else {
        throw SessionError(.channelRefused, "no answer to the request for it", number: number)
      }
      throw failure(number == 0 ? LIBSSH2_ERROR_PROTO : number)
    }
    opening = nil
    lastChannel &+= 1
    let id = ChannelID(number: lastChannel)
    unsafe channels[id] = unsafe channel
    return .ready(id)
  }

  /// Starts a program or subsystem in an open session channel.
  /// - Throws: `requestDenied`.
  package mutating func start(_ request: ChannelRequest, in id: ChannelID) throws(SessionError) -> Poll<Void> {
    let channel = unsafe try resolve(id)
    let (name, text) =
      switch request {
      case .exec(let command): ("exec", command)
      case .subsystem(let subsystem): ("subsystem", subsystem)
      }
    // 0, EAGAIN, CHANNEL_REQUEST_DENIED, ALLOC, SOCKET_SEND, BAD_USE.
    let result = unsafe scout_channel_startup(
      assertions.pointer, channel, name, UInt32(name.utf8.count), text, UInt32(text.utf8.count))
    return try isDone(result) ? .ready(()) : .again
  }

  /// Standard error of this channel is dropped as it comes.
  package mutating func dropErrors(_ id: ChannelID) {
    guard let channel = unsafe channels[id] else { return }
    // 0, or EAGAIN for what is queued already: that stays within the window.
    unsafe _ = libssh2_channel_handle_extended_data2(channel, LIBSSH2_CHANNEL_EXTENDED_DATA_IGNORE)
  }

  /// Takes in every message that has arrived, for whichever channel. Does nothing before the first channel is open.
  package mutating func pull() throws(SessionError) {
    try checkUsable()
    guard let channel = unsafe channels.values.first ?? retired else { return }
    var none: CChar = 0
    // 0, EAGAIN, or what broke the transport.
    unsafe _ = try isDone(scout_channel_read(assertions.pointer, channel, 0, &none, 0))
  }

  /// Appends what has come for one stream of a channel. What is not read is not acknowledged: the host stops at the
  /// channel's window.
  package mutating func read(
    _ id: ChannelID, _ stream: ChannelStream, into output: inout OutputRawSpan
  ) throws(SessionError) -> ChannelRead {
    let channel = unsafe try resolve(id)
    var result = 0
    unsafe output.withUnsafeMutableBytes { buffer, initialized in
      let free = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...])
      guard let start = free.baseAddress else { return }
      // Bytes, 0 (end of file, or nothing), EAGAIN, or what broke the transport.
      result = unsafe scout_channel_read(
        assertions.pointer, channel, stream.number, start.assumingMemoryBound(to: CChar.self), free.count)
      if result > 0 { initialized += result }
    }
    guard try isDone(result) else { return .again }
    if result > 0 { return .bytes(result) }
    // 1 at the end with nothing unread in any stream, 0 otherwise.
    return unsafe libssh2_channel_eof(channel) == 1 ? .end : .again
  }

  /// Sends as much as the host's window and one packet (32 KiB) allow; `.again` when its window is shut.
  /// After `.again` the next call must begin with the same bytes.
  package mutating func write(_ id: ChannelID, _ bytes: RawSpan) throws(SessionError) -> Poll<Int> {
    let channel = unsafe try resolve(id)
    let result = unsafe bytes.withUnsafeBytes { source in
      // Bytes taken, 0 (window shut), EAGAIN (the same, or a key re-exchange), CHANNEL_CLOSED, EOF_SENT, SOCKET_SEND.
      unsafe scout_channel_write(
        assertions.pointer, channel, source.baseAddress?.assumingMemoryBound(to: CChar.self), source.count)
    }
    return try isDone(result) && result > 0 ? .ready(result) : .again
  }

  /// Tells the host that nothing more will be written.
  package mutating func sendEnd(_ id: ChannelID) throws(SessionError) -> Poll<Void> {
    let channel = unsafe try resolve(id)
    // 0, EAGAIN (in a key re-exchange), SOCKET_SEND.
    return try isDone(unsafe scout_channel_send_eof(assertions.pointer, channel)) ? .ready(()) : .again
  }

  /// Waits for the host's close, which follows the exit status. Only after `read` said `.end`.
  package mutating func awaitClose(_ id: ChannelID) throws(SessionError) -> Poll<ChannelExit> {
    let channel = unsafe try resolve(id)
    // 0, EAGAIN, INVAL (no end of file yet), or what broke the transport.
    guard try isDone(unsafe scout_channel_wait_closed(assertions.pointer, channel)) else { return .again }
    var exit = ChannelExit(status: unsafe libssh2_channel_get_exit_status(channel), signal: nil)
    var name: UnsafeMutablePointer<CChar>?
    var length = 0
    // 0 or ALLOC. The name is a copy to be freed, or NULL.
    if unsafe libssh2_channel_get_exit_signal(channel, &name, &length, nil, nil, nil, nil) == 0,
      let name = unsafe name
    {
      exit.signal = unsafe String(
        decoding: UnsafeRawBufferPointer(start: name, count: min(length, 64)), as: UTF8.self)
      unsafe libssh2_free(pointer, name)
    }
    return .ready(exit)
  }

  /// Closes and frees a channel; drive it to the end. The id is unknown afterwards.
  package mutating func close(_ id: ChannelID) throws(SessionError) -> Poll<Void> {
    let channel = unsafe try resolve(id)
    guard unsafe try fillWindow(of: id, channel) else { return .again }
    if openChannels == 1 {
      // Kept, so that `pull` still has a channel. 0, EAGAIN until the host has closed its side, SOCKET_SEND.
      guard try isDone(unsafe scout_channel_close(assertions.pointer, channel)) else { return .again }
      freeRetired()
      unsafe retired = unsafe channel
    } else {
      // 0 or EAGAIN until the host has closed its side; the messages for the channel go with it.
      guard try isDone(unsafe scout_channel_free(assertions.pointer, channel)) else { return .again }
    }
    unsafe channels[id] = nil
    closing.remove(id)
    if openChannels > 0 { freeRetired() }
    return .ready(())
  }

  /// Opens the receive window whole before a close: libssh2 would otherwise do it while pulling, and a host must not see
  /// that after the close.
  private mutating func fillWindow(of id: ChannelID, _ channel: OpaquePointer) throws(SessionError) -> Bool {
    guard !closing.contains(id) else { return true }
    let open = unsafe libssh2_channel_window_read_ex(channel, nil, nil)
    if open < UInt(limits.window) {
      // 0, EAGAIN (in a key re-exchange), SOCKET_SEND.
      let missing = UInt(limits.window) - open
      guard try isDone(unsafe scout_channel_adjust(assertions.pointer, channel, missing)) else { return false }
    }
    closing.insert(id)
    return true
  }

  private mutating func freeRetired() {
    guard let channel = unsafe retired else { return }
    // 0: it is closed already.
    if unsafe scout_channel_free(assertions.pointer, channel) == SCOUT_ASSERTED { isAbandoned = true }
    unsafe retired = nil
  }

  private func resolve(_ id: ChannelID) throws(SessionError) -> OpaquePointer {
    try checkUsable()
    guard let channel = unsafe channels[id] else { throw SessionError(.channelClosed, "the channel is closed") }
    return unsafe channel
  }
}
