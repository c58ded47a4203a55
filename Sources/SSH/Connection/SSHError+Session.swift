import Libssh2

extension SSHError {
  /// The engine's error in the words of a connection to `host`.
  init(_ error: SessionError, host: String, phase: Phase) {
    let scope: Scope = error.isFatal || phase.isConnecting ? .connection : .lane
    let (code, message): (Code, String) =
      switch error.code {
      case .disconnected:
        phase.isConnecting
          ? (.unreachable, "\(host): \(error.message) during \(phase.words); look at sshd's log on the host")
          : (.connectionLost, "\(host): \(error.message)")
      case .protocolViolation:
        (
          .protocolViolation,
          phase.isConnecting
            ? "\(host): what answers there does not speak SSH as it should (\(error.message)); check host name and port"
            : "\(host): the host broke the SSH protocol (\(error.message))"
        )
      case .memory:
        (.protocolViolation, "\(host): \(error.message)")
      case .keyExchange:
        (
          .unsupported,
          "\(host): no key exchange (\(error.message)); compare what the host proposes (ssh -vv \(host)) with the algorithms of "
            + "libssh2 \(Library.version); old hosts need KexAlgorithms or HostKeyAlgorithms +ssh-rsa in ssh_config, group exchange is never used"
        )
      case .authenticationRefused:
        (.authFailed, "\(host): \(error.message)")
      case .privateKey:
        (.unsupported, "\(host): the private key cannot be used: \(error.message)")
      case .channelRefused:
        (.overloaded, "\(host): the host refuses another channel (\(error.message)); sshd's MaxSessions bounds them")
      case .requestDenied:
        (.unsupported, "\(host): the host refused to start it (\(error.message))")
      case .channelClosed:
        (.connectionLost, "\(host): the channel was closed by the host")
      case .misuse, .other:
        (.failure, "\(host): \(error.message)")
      }
    self.init(code, message, phase: phase, scope: scope)
  }
}

extension SSHError {
  /// sshd's MaxSessions, or this side's own bound: a matter of this connection alone.
  package var isRefusedChannel: Bool { code == .overloaded && phase == .channel && !mayHaveRun }
}

extension SSHError.Phase {
  var isConnecting: Bool {
    switch self {
    case .tcp, .keyExchange, .hostKey, .authentication: true
    case .queue, .channel, .operation: false
    }
  }

  var words: String {
    switch self {
    case .queue: "the wait in the queue"
    case .tcp: "the TCP connect"
    case .keyExchange: "the key exchange"
    case .hostKey: "the host key check"
    case .authentication: "authentication"
    case .channel: "the opening of a channel"
    case .operation: "an operation"
    }
  }
}
