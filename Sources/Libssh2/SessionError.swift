/// Why an operation of the engine failed. A value.
package struct SessionError: Error, Sendable, Hashable {
  package enum Code: Sendable, Hashable {
    /// The transport ended, or the peer sent SSH_MSG_DISCONNECT.
    case disconnected
    /// The peer broke the protocol: framing, MAC, banner, unexpected or malformed messages.
    case protocolViolation
    /// No common algorithm, or the host could not prove its key.
    case keyExchange
    /// The peer made the engine hold more memory than `SessionLimits.memory`.
    case memory
    /// The host did not accept this identity, password or answer.
    case authenticationRefused
    /// The private key cannot be read: wrong passphrase, unknown format or type.
    case privateKey
    /// The host refused to open a channel.
    case channelRefused
    /// The host refused a channel's request (exec, subsystem).
    case requestDenied
    /// The channel is closed, or its id was never open.
    case channelClosed
    /// A wrong call: an argument or an order that the engine does not allow.
    case misuse
    case other
  }

  package var code: Code
  package var message: String
  /// libssh2's own number (libssh2.h, LIBSSH2_ERROR_*), 0 when the engine itself objects.
  package var number: Int32

  package init(_ code: Code, _ message: String, number: Int32 = 0) {
    self.code = code
    self.message = message
    self.number = number
  }

  /// After these the session can only be dropped.
  package var isFatal: Bool {
    switch code {
    case .disconnected, .protocolViolation, .keyExchange, .memory: true
    default: false
    }
  }
}
