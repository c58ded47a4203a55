/// What went wrong between this process and one host. A value.
///
/// `message` is one sentence for the person who asked: it names the host's part in it and says what to do next.
package struct SSHError: Error, Sendable, Hashable {
  package enum Code: String, Sendable, Hashable, CaseIterable {
    /// No TCP connection: refused, no route, name not found.
    case unreachable
    /// A connect phase (TCP, key exchange, authentication) passed its bound.
    case connectTimeout
    case authFailed
    case hostKeyUnknown
    case hostKeyChanged
    case notFound
    case permissionDenied
    case notADirectory
    case notAFile
    /// The operation's own deadline passed on a live connection.
    case timeout
    /// A bound of ours or of sshd's (channels, queues) is reached; trying later may work.
    case overloaded
    case cancelled
    /// The connection ended under the operation.
    case connectionLost
    /// The other side broke the protocol or one of our bounds.
    case protocolViolation
    /// A setting or key type that this build does not do.
    case unsupported
    case invalidArgument
    /// The remote side said no and gave no better reason.
    case failure
  }

  /// Where in the life of a request it happened.
  package enum Phase: String, Sendable, Hashable {
    case queue
    case tcp
    case keyExchange
    case hostKey
    case authentication
    case channel
    case operation
  }

  /// What is spoilt: this request only, its lane, or the whole connection.
  package enum Scope: String, Sendable, Hashable {
    case request
    case lane
    case connection
  }

  package var code: Code
  package var message: String
  package var phase: Phase?
  package var scope: Scope
  /// Whether the remote side may have begun what was asked. Always false for reads: repeating them is harmless.
  package var mayHaveRun: Bool
  package var elapsed: Duration?
  /// For a command that was ended by its deadline or by cancellation: what became of its process group.
  package var ending: CommandEnding?

  package init(
    _ code: Code, _ message: String, phase: Phase? = nil, scope: Scope = .request, mayHaveRun: Bool = false,
    elapsed: Duration? = nil, ending: CommandEnding? = nil
  ) {
    self.code = code
    self.message = message
    self.phase = phase
    self.scope = scope
    self.mayHaveRun = mayHaveRun
    self.elapsed = elapsed
    self.ending = ending
  }
}

extension SSHError: CustomStringConvertible {
  package var description: String {
    phase.map { "\(code.rawValue) (\($0.rawValue)): \(message)" } ?? "\(code.rawValue): \(message)"
  }
}
