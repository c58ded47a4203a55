import CSSH2
import Glibc

/// One SSH client session without its socket: bytes in, bytes out, operations between. Owns its LIBSSH2_SESSION and
/// everything below it; channels are ids that this owner resolves. Confined to whoever holds it, who may hand it to another thread.
///
/// Every operation that needs an answer from the peer returns `.again` until enough bytes have been `receive`d; call it
/// again then, with the same arguments. Take what is to be sent after each call. After an error with `isFatal`, drop it.
@safe
package struct Session: ~Copyable {
  let pointer: OpaquePointer
  let wire: Wire
  let assertions: AssertionGuard
  let limits: SessionLimits

  var channels: [ChannelID: OpaquePointer] = unsafe [:]
  /// Those whose close has begun.
  var closing: Set<ChannelID> = []
  var lastChannel: UInt32 = 0
  /// libssh2 keeps the state of a channel that opens in the session: one at a time.
  var opening: ChannelKind?
  /// A closed channel, kept because libssh2 has no call that takes messages in without a channel.
  var retired: OpaquePointer?
  var isHandshaking = false
  /// libssh2 was left in the middle of a call: it must not be called for this session again, not even to free it.
  var isAbandoned = false
  var isEstablished = false
  var handshakeBytes = 0
  var fault: SessionError?

  /// - Throws: `memory` when libssh2 cannot be set up.
  package init(limits: SessionLimits = SessionLimits()) throws(SessionError) {
    guard Library.initialized == 0 else {
      throw SessionError(.other, "libssh2 did not start", number: Library.initialized)
    }
    guard Library.placeholder >= 0 else { throw SessionError(.other, "no file descriptor is left") }
    guard let assertions = AssertionGuard() else { throw SessionError(.memory, "no memory for a session") }
    let wire = Wire(memoryLimit: limits.memory)
    // NULL when out of memory. The reference lives as long as `wire` below.
    guard
      let pointer = unsafe libssh2_session_init_ex(
        allocateCallback, releaseCallback, reallocateCallback, Unmanaged.passUnretained(wire).toOpaque())
    else {
      unsafe free(assertions.pointer)
      throw SessionError(.memory, "no memory for a session")
    }
    unsafe self.pointer = unsafe pointer
    self.wire = wire
    self.assertions = assertions
    self.limits = limits
    // Returns the callback that was set before.
    unsafe _ = libssh2_session_callback_set(
      pointer, LIBSSH2_CALLBACK_RECV, unsafeBitCast(receiveCallback, to: UnsafeMutableRawPointer.self))
    unsafe _ = libssh2_session_callback_set(
      pointer, LIBSSH2_CALLBACK_SEND, unsafeBitCast(sendCallback, to: UnsafeMutableRawPointer.self))
    unsafe _ = libssh2_session_callback_set(
      pointer, LIBSSH2_CALLBACK_DISCONNECT, unsafeBitCast(disconnectCallback, to: UnsafeMutableRawPointer.self))
    unsafe libssh2_session_set_blocking(pointer, 0)
    // A failure is kept for the next call: an initializer cannot throw any more once it has made all of a noncopyable value.
    do throws(SessionError) { try prefer(supported(.keyExchange), for: .keyExchange) } catch { fault = error }
  }

  deinit {
    // With the transport at its end nothing waits: every pending step fails and frees what it holds.
    wire.discardsOutbound = true
    wire.hasEnded = true
    wire.inbound = []
    wire.inboundStart = 0
    if !isAbandoned {
      if isHandshaking { unsafe _ = scout_session_handshake(assertions.pointer, pointer, Library.placeholder) }
      // 0, or LIBSSH2_ERROR_EAGAIN with one channel more freed: nothing waits for the host any more.
      for _ in 0..<openChannels + 8
      where unsafe scout_session_free(assertions.pointer, pointer) != LIBSSH2_ERROR_EAGAIN { break }
    }
    wire.releaseAll()
    unsafe free(assertions.pointer)
  }

  // MARK: Bytes

  /// Takes bytes from the peer. Call the pending operations afterwards.
  /// - Throws: `protocolViolation` when the peer sends more than the limits allow.
  package mutating func receive(_ bytes: RawSpan) throws(SessionError) {
    wire.append(bytes)
    if wire.unreadCount > limits.inbound {
      throw record(SessionError(.protocolViolation, "the host sent more than \(limits.inbound) bytes unasked"))
    }
    guard !isEstablished else { return }
    handshakeBytes += bytes.byteCount
    if handshakeBytes > limits.handshake {
      throw record(SessionError(.protocolViolation, "the host sent \(handshakeBytes) bytes before any key exchange"))
    }
  }

  /// The transport has ended: operations that wait fail with `disconnected` once the bytes are used up.
  package mutating func receiveEnd() { wire.hasEnded = true }

  /// Bytes that libssh2 has not taken yet.
  package var unreadCount: Int { wire.unreadCount }
  /// Heap bytes that libssh2 holds for this session.
  package var heldMemory: Int { wire.heldMemory }
  package var hasOutbound: Bool { !wire.outbound.isEmpty }

  /// What is to be sent to the peer, in order.
  package mutating func takeOutbound() -> [UInt8] {
    let bytes = wire.outbound
    wire.outbound = []
    return bytes
  }

  package var openChannels: Int { unsafe channels.count }

  // MARK: Errors

  mutating func record(_ error: SessionError) -> SessionError {
    if error.isFatal, fault == nil { fault = error }
    return error
  }

  func checkUsable() throws(SessionError) {
    if let fault { throw fault }
  }

  /// True for 0 and above, false for LIBSSH2_ERROR_EAGAIN, an error for the rest.
  mutating func isDone(_ result: some BinaryInteger) throws(SessionError) -> Bool {
    if result >= 0 { return true }
    if result == LIBSSH2_ERROR_EAGAIN { return false }
    throw failure(CInt(truncatingIfNeeded: result))
  }

  mutating func failure(_ number: CInt) -> SessionError {
    if number == SCOUT_ASSERTED { isAbandoned = true }
    return record(describe(number))
  }

  func describe(_ number: CInt) -> SessionError {
    if number == SCOUT_ASSERTED {
      return SessionError(
        .protocolViolation, "the host sent a packet that is no whole number of blocks", number: number)
    }
    if let goodbye = wire.goodbye {
      return SessionError(.disconnected, "the host ended the session: \(goodbye)", number: number)
    }
    if wire.memoryWasRefused {
      return SessionError(
        .memory, "the host made the session hold more than \(limits.memory) bytes", number: number)
    }
    if wire.hasEnded, wire.unreadCount == 0 {
      return SessionError(.disconnected, "the connection ended", number: number)
    }
    var text: UnsafeMutablePointer<CChar>?
    var length: CInt = 0
    // want_buf 0: the text stays libssh2's. Returns the last error's number.
    let last = unsafe libssh2_session_last_error(pointer, &text, &length, 0)
    var message = "libssh2 error \(number)"
    if last == number, let text = unsafe text, length > 0 {
      let bytes = unsafe UnsafeRawBufferPointer(start: text, count: min(Int(length), 512))
      message = unsafe String(decoding: bytes, as: UTF8.self)
    }
    return SessionError(SessionError.Code(number), message, number: number)
  }
}

/// Unchecked, because the compiler cannot see what makes it true: a session has one holder at a time, since it cannot be copied, and
/// nothing of it is anywhere else; libssh2 and the guard of its assertions tie it to no thread. What several could do at once, through
/// a shared borrow, only reads.
extension Session: @unchecked Sendable {}

extension SessionError.Code {
  init(_ number: CInt) {
    self =
      switch number {
      case LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND,
        LIBSSH2_ERROR_SOCKET_NONE, LIBSSH2_ERROR_TIMEOUT:
        .disconnected
      case LIBSSH2_ERROR_BANNER_RECV, LIBSSH2_ERROR_BANNER_SEND, LIBSSH2_ERROR_INVALID_MAC, LIBSSH2_ERROR_DECRYPT,
        LIBSSH2_ERROR_PROTO, LIBSSH2_ERROR_OUT_OF_BOUNDARY, LIBSSH2_ERROR_ZLIB, LIBSSH2_ERROR_BUFFER_TOO_SMALL,
        LIBSSH2_ERROR_CHANNEL_OUTOFORDER, LIBSSH2_ERROR_ENCRYPT:
        .protocolViolation
      case LIBSSH2_ERROR_KEX_FAILURE, LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, LIBSSH2_ERROR_HOSTKEY_INIT,
        LIBSSH2_ERROR_HOSTKEY_SIGN, LIBSSH2_ERROR_METHOD_NONE:
        .keyExchange
      case LIBSSH2_ERROR_ALLOC: .memory
      case LIBSSH2_ERROR_AUTHENTICATION_FAILED, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED, LIBSSH2_ERROR_PASSWORD_EXPIRED:
        .authenticationRefused
      case LIBSSH2_ERROR_FILE, LIBSSH2_ERROR_KEYFILE_AUTH_FAILED, LIBSSH2_ERROR_METHOD_NOT_SUPPORTED: .privateKey
      case LIBSSH2_ERROR_CHANNEL_FAILURE: .channelRefused
      case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED: .requestDenied
      case LIBSSH2_ERROR_CHANNEL_CLOSED, LIBSSH2_ERROR_CHANNEL_EOF_SENT, LIBSSH2_ERROR_CHANNEL_UNKNOWN: .channelClosed
      case LIBSSH2_ERROR_INVAL, LIBSSH2_ERROR_BAD_USE, LIBSSH2_ERROR_BAD_SOCKET: .misuse
      default: .other
      }
  }
}
