import Libssh2

/// One input is what a server sends to a client that is exchanging keys: the first byte is the size of the pieces in which it
/// comes (0: all at once), the rest are the bytes.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  do throws(SessionError) {
    var session = try Session(limits: SessionLimits(memory: 4 << 20))
    try life(&session, pieces: Int(first), bytes.dropFirst())
  } catch {
    // A server that breaks the protocol is told apart from a wrong call of ours.
    guard error.code != .misuse, error.code != .channelClosed else { fatalError("\(error)") }
  }
  return 0
}

private func life(_ session: inout Session, pieces: Int, _ bytes: ArraySlice<UInt8>) throws(SessionError) {
  _ = try session.handshake()
  var rest = bytes
  while !rest.isEmpty {
    let piece = Array(pieces == 0 ? rest : rest.prefix(pieces))
    rest = rest.dropFirst(piece.count)
    try session.receive(piece.span.bytes)
    if case .ready = try session.handshake() { _ = try session.authenticationMethods(user: "user") }
    _ = session.banner
    _ = session.hostKey
    _ = session.takeOutbound()
    guard session.heldMemory <= 4 << 20 else { fatalError("a bound is passed") }
  }
  session.receiveEnd()
  _ = try session.handshake()
}

/// libssh2 1.10 frees a host's key object only once new keys are in use (session_free, session.c), so a key exchange that fails
/// after the key was read leaks some 400 bytes of libcrypto's. Everything else that is allocated is still watched.
@c(__lsan_default_suppressions)
public func suppressions() -> UnsafePointer<CChar> {
  let text: StaticString = "leak:libcrypto.so\n"
  return UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
