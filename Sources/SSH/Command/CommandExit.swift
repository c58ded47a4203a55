/// How a remote command ended by itself. A code other than 0 is an answer, not an error. A value.
package struct CommandExit: Sendable, Hashable {
  package enum Status: Sendable, Hashable {
    case code(Int32)
    /// Name without "SIG", as sshd gives it (RFC 4254 section 6.10): TERM, KILL, SEGV, ...
    case signal(String)
  }

  package var status: Status
  /// Bytes that the command wrote, delivered or dropped.
  package var stdoutBytes: Int
  package var stderrBytes: Int
  /// Output over `RemoteCommand.maxOutput` was dropped.
  package var truncated: Bool
  package var duration: Duration

  package init(status: Status, stdoutBytes: Int, stderrBytes: Int, truncated: Bool, duration: Duration) {
    self.status = status
    self.stdoutBytes = stdoutBytes
    self.stderrBytes = stderrBytes
    self.truncated = truncated
    self.duration = duration
  }
}

/// What the kill ladder (INT, TERM, KILL to the remote process group) achieved. A value.
package enum CommandEnding: Sendable, Hashable {
  /// The command had not begun.
  case notStarted
  /// The process group is gone; the last signal that was sent, nil if it ended by itself.
  case confirmed(lastSignal: String?)
  /// The connection or the host gave no answer: the command may still run.
  case unconfirmed
}
