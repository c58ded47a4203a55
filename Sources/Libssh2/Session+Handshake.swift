import CSSH2

/// A list that the two sides negotiate (RFC 4253 section 7.1). A value.
package enum MethodKind: Sendable, Hashable {
  case keyExchange, hostKey, cipher, mac

  /// Both directions share one preference.
  var numbers: [CInt] {
    switch self {
    case .keyExchange: [LIBSSH2_METHOD_KEX]
    case .hostKey: [LIBSSH2_METHOD_HOSTKEY]
    case .cipher: [LIBSSH2_METHOD_CRYPT_CS, LIBSSH2_METHOD_CRYPT_SC]
    case .mac: [LIBSSH2_METHOD_MAC_CS, LIBSSH2_METHOD_MAC_SC]
    }
  }
}

/// The key that the host proved to have. A value.
package struct ServerHostKey: Sendable, Hashable {
  /// For example "ssh-ed25519": the first string of `blob`.
  package var algorithm: String
  /// RFC 4253 section 6.6, as in known_hosts.
  package var blob: [UInt8]

  /// False for an Ed25519 key of another length than RFC 8709 section 4 says: libssh2 1.10 takes whatever comes.
  var isWhole: Bool {
    guard algorithm == "ssh-ed25519" else { return true }
    return blob.count == 51 && blob[15..<19] == [0, 0, 0, 32]
  }
}

extension Session {
  /// The names that this build of libssh2 has, in its own order, without those that this engine never offers.
  ///
  /// diffie-hellman-group-exchange-* is never offered: libssh2 (1.10, 1.11) computes with a group of any size that the host sends,
  /// in one call that nothing interrupts. A packet has room for 34,000 bytes of it, and 4,096 take 8 s.
  package mutating func supported(_ kind: MethodKind) -> [String] {
    var list: UnsafeMutablePointer<UnsafePointer<CChar>?>?
    // The number of names, or a negative LIBSSH2_ERROR_*; the list (not its strings) is to be freed.
    let count = unsafe libssh2_session_supported_algs(pointer, kind.numbers[0], &list)
    guard count > 0, let list = unsafe list else { return [] }
    defer { unsafe libssh2_free(pointer, list) }
    let names = (0..<Int(count)).compactMap { index in
      unsafe list[index].map { unsafe String(cString: $0) }
    }
    return names.filter { !$0.hasPrefix("diffie-hellman-group-exchange-") }
  }

  /// Narrows and orders what is offered; names that libssh2 does not have are left out. Call before `handshake`.
  /// - Throws: `misuse` when none of the names is supported.
  package mutating func prefer(_ names: [String], for kind: MethodKind) throws(SessionError) {
    try checkUsable()
    let known = Set(supported(kind))
    let usable = names.filter(known.contains)
    guard !usable.isEmpty else {
      throw SessionError(
        .misuse,
        "none of \(names.joined(separator: ",")) is supported; libssh2 \(Library.version) has "
          + supported(kind).joined(separator: ","))
    }
    for number in kind.numbers {
      // 0, LIBSSH2_ERROR_INVAL (unknown list), _ALLOC, _METHOD_NOT_SUPPORTED (no name known).
      let result = unsafe libssh2_session_method_pref(pointer, number, usable.joined(separator: ","))
      guard result == 0 else { throw failure(result) }
    }
  }

  /// Exchanges banners and keys and asks for the authentication service.
  /// Afterwards `hostKey` is set: check it before any authentication.
  package mutating func handshake() throws(SessionError) -> Poll<Void> {
    try checkUsable()
    isHandshaking = true
    // 0, EAGAIN, or any of BAD_SOCKET, BANNER_SEND/RECV, KEX_FAILURE, KEY_EXCHANGE_FAILURE, HOSTKEY_*, SOCKET_*, PROTO.
    let result = unsafe scout_session_handshake(assertions.pointer, pointer, Library.placeholder)
    if result == LIBSSH2_ERROR_EAGAIN { return .again }
    isHandshaking = false
    guard result == 0 else {
      var error = failure(result)
      if !error.isFatal { error.code = .keyExchange }
      throw record(error)
    }
    guard let hostKey, hostKey.isWhole else {
      throw record(SessionError(.keyExchange, "the host's key has the wrong length"))
    }
    isEstablished = true
    return .ready(())
  }

  /// The peer's version line, as soon as it has come (RFC 4253 section 4.2). At most 8,192 bytes.
  package var banner: String? {
    unsafe libssh2_session_banner_get(pointer).map { unsafe String(cString: $0) }
  }

  package var hostKey: ServerHostKey? {
    var length = 0
    var type: CInt = 0
    // NULL before the key exchange; the memory stays libssh2's.
    guard let start = unsafe libssh2_session_hostkey(pointer, &length, &type), length >= 4 else { return nil }
    let blob = unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: length))
    let nameLength = blob[..<4].reduce(0) { $0 << 8 | Int($1) }
    guard nameLength <= blob.count - 4 else { return nil }
    return ServerHostKey(algorithm: String(decoding: blob[4..<4 + nameLength], as: UTF8.self), blob: blob)
  }

  /// What was agreed on (the direction from the server), nil before the key exchange.
  package func negotiated(_ kind: MethodKind) -> String? {
    unsafe libssh2_session_methods(pointer, kind.numbers[kind.numbers.count - 1]).map { unsafe String(cString: $0) }
  }

  /// Sends SSH_MSG_DISCONNECT "by application". Whether it could be sent does not matter: the session is over.
  package mutating func disconnect() {
    guard fault == nil else { return }
    // 0, EAGAIN (in a key re-exchange), or SOCKET_SEND.
    if unsafe scout_session_disconnect(assertions.pointer, pointer) == SCOUT_ASSERTED { isAbandoned = true }
    fault = SessionError(.disconnected, "the session was closed here")
  }

  /// Asks the host for a sign of life: a global request that it must answer (and refuses). At most one each 2 s.
  package mutating func sendKeepalive() throws(SessionError) {
    try checkUsable()
    unsafe libssh2_keepalive_config(pointer, 1, 1)
    var next: CInt = 0
    // 0 or LIBSSH2_ERROR_SOCKET_SEND.
    let result = unsafe scout_keepalive_send(assertions.pointer, pointer, &next)
    guard result == 0 else { throw failure(result) }
  }
}
