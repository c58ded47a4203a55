import CSSH2

/// One attempt to be let in. A value.
package enum AuthenticationAttempt: Sendable, Hashable {
  /// A private key in PEM or OpenSSH form. Must not be encrypted unless `passphrase` is given. `publicKey` is its other half as a line
  /// of authorized_keys; nil: it is computed, for which an encrypted key is decrypted once more.
  case privateKey([UInt8], publicKey: [UInt8]? = nil, passphrase: String?)
  /// A public key (RFC 4253 section 6.6) whose private half somebody else holds, and his signature (without its
  /// format name) once the host has asked for it.
  case publicKey([UInt8], signature: [UInt8]?)
  case password(String)
  /// Gives the secret to each prompt that hides what is typed.
  case keyboardInteractive(String)

  /// Making it decrypts a key, which is made to cost processor time (bcrypt_pbkdf, by `ssh-keygen -a`): a tenth of a second, or many. Any
  /// call for it may be the one that does; none of them belongs on an event loop.
  package var takesLong: Bool {
    if case .privateKey(_, _, .some) = self { true } else { false }
  }
}

/// The answer to an attempt. A value.
package enum AuthenticationOutcome: Sendable, Hashable {
  case accepted
  /// Have this signed, and repeat the attempt with the signature.
  case needsSignature([UInt8])
}

extension Session {
  /// Asks which methods the host allows. Nil: it lets the user in without any.
  package mutating func authenticationMethods(user: String) throws(SessionError) -> Poll<[String]?> {
    try checkUsable()
    // A comma-separated list that stays libssh2's, or NULL: then the user is in, or the last error tells (EAGAIN, ...).
    var list: UnsafeMutablePointer<CChar>?
    let result = unsafe scout_userauth_list(assertions.pointer, pointer, user, UInt32(user.utf8.count), &list)
    guard result == 0 else { throw failure(result) }
    if let list = unsafe list {
      return .ready(unsafe String(cString: list).split(separator: ",").map(String.init))
    }
    if unsafe libssh2_userauth_authenticated(pointer) != 0 { return .ready(nil) }
    return try isDone(unsafe libssh2_session_last_errno(pointer)) ? .ready([]) : .again
  }

  /// - Throws: `authenticationRefused`, after which another attempt may be made; `privateKey`; or what is fatal.
  package mutating func authenticate(user: String, _ attempt: AuthenticationAttempt) throws(SessionError)
    -> Poll<AuthenticationOutcome>
  {
    try checkUsable()
    let length = user.utf8.count
    let result: CInt
    switch attempt {
    case .privateKey(let key, let publicKey, let passphrase):
      // 0, EAGAIN, FILE/KEYFILE_AUTH_FAILED (unreadable), METHOD_NOT_SUPPORTED, ALLOC, SOCKET_SEND,
      // AUTHENTICATION_FAILED, PUBLICKEY_UNVERIFIED (signature refused). NULL and 0: no public half is given.
      result = unsafe (publicKey ?? []).withUnsafeBytes { half in
        unsafe key.withUnsafeBytes { bytes in
          unsafe scout_userauth_private_key(
            assertions.pointer, pointer, user, length,
            publicKey == nil ? nil : half.baseAddress?.assumingMemoryBound(to: CChar.self), half.count,
            bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, passphrase)
        }
      }
    case .publicKey(let blob, let signature):
      wire.dataToSign = nil
      wire.signature = signature
      defer { wire.signature = nil }
      // As above, and what the sign callback returns.
      result = unsafe blob.withUnsafeBufferPointer { bytes in
        unsafe scout_userauth_public_key(
          assertions.pointer, pointer, user, bytes.baseAddress, bytes.count, signCallback)
      }
      if result == LIBSSH2_ERROR_EAGAIN, let data = wire.dataToSign { return .ready(.needsSignature(data)) }
    case .password(let password):
      // 0, EAGAIN, ALLOC, SOCKET_SEND, AUTHENTICATION_FAILED, PASSWORD_EXPIRED (no callback to change it).
      result = unsafe scout_userauth_password(
        assertions.pointer, pointer, user, UInt32(length), password, UInt32(password.utf8.count))
    case .keyboardInteractive(let secret):
      wire.secretAnswer = Array(secret.utf8)
      // 0, EAGAIN, ALLOC, SOCKET_SEND, AUTHENTICATION_FAILED.
      result = unsafe scout_userauth_interactive(
        assertions.pointer, pointer, user, UInt32(length), promptCallback)
    }
    if result == LIBSSH2_ERROR_EAGAIN { return .again }
    wire.secretAnswer = []
    guard result == 0 else {
      // PUBLICKEY_UNVERIFIED also stands for a lost transport: `failure` sees to that.
      throw keyFault(result, attempt) ?? failure(result)
    }
    return .ready(.accepted)
  }

  /// A private key that does not open, for which the host has nothing to answer. libssh2 tells it by its words alone: its numbers stand
  /// for what hosts do, too.
  private func keyFault(_ number: CInt, _ attempt: AuthenticationAttempt) -> SessionError? {
    guard case .privateKey = attempt else { return nil }
    let message = describe(number).message
    guard message == "Callback returned error" || message.hasPrefix("Error parsing PEM") else { return nil }
    let reason = attempt.takesLong ? "the passphrase does not open it, or it is damaged" : "it is damaged or unknown"
    return SessionError(.privateKey, reason, number: number)
  }
}
