/// The shell text that starts a command and tells its process group. A value.
///
/// The login shell is told one of two constants, and the command comes on standard input: what a login shell of another kind makes of
/// quotes does not matter. The shell says the marker and its process id (which is the process group's, because sshd makes each session a
/// group of its own) and then becomes the command.
struct CommandScript {
  /// Who reads the command. The raw value is what the login shell is told.
  enum Reader: String {
    /// A POSIX shell, whatever the login shell is (csh(1), fish(1)): a script.
    case sh = "exec /bin/sh -s"
    /// The login shell, which is a POSIX shell: one line, the nonce and the command. The host has a program fewer to start. It ends
    /// what startup files (~/.bashrc) may have begun and what would go into the command's output. `read` takes nothing beyond the line
    /// (POSIX XCU, read), so the command's own input may follow.
    case loginShell = #"""
      unset -f printf read eval set command 2>/dev/null || :; set +vx; command trap - DEBUG 2>/dev/null || :; IFS=' ' read -r nonce argv && \#
      printf 'scout-%s %s\n' "$nonce" $$ && printf 'scout-%s\n' "$nonce" >&2 && eval "exec $argv"
      """#
  }

  /// Longest command that a login shell reads, in bytes: it takes one after the other.
  private static let lineLimit = 2 << 10

  /// Printed on both streams before the command's own output. Not to be guessed by the command, and put together by the shell: one that
  /// prints what it reads does not print it.
  let marker: String
  let reader: Reader
  /// What the reader reads.
  let bytes: [UInt8]

  init(_ command: RemoteCommand, loginShell: LoginShell, nonce: String = CommandScript.randomNonce()) {
    marker = Self.marker(nonce)
    let argv = Self.quoted(command)
    if case .posix = loginShell, Self.isPlainLine(argv) {
      reader = .loginShell
      bytes = Array("\(nonce) ".utf8) + argv
    } else {
      reader = .sh
      // Nothing runs of which the marker could not be told.
      let start = #"printf 'scout-%s %s %s\n' \#(nonce) $$ "$SHELL" && printf 'scout-%s\n' \#(nonce) >&2 && exec "#
      bytes = Array(start.utf8) + argv
    }
  }

  static func marker(_ nonce: String) -> String { "scout-" + nonce }

  /// 128 bits, in letters and digits.
  static func randomNonce() -> String {
    String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  /// - Throws: `invalidArgument` for what cannot be run as it is meant.
  static func validate(_ command: RemoteCommand) throws(SSHError) {
    guard let program = command.argv.first, !program.isEmpty else {
      throw SSHError(.invalidArgument, "the command is empty", phase: .operation)
    }
    guard program.first != UInt8(ascii: "-") else {
      throw SSHError(.invalidArgument, "the command's name begins with a dash", phase: .operation)
    }
    let size = command.argv.reduce(0) { $0 + $1.count + 1 }
    guard size <= RemoteCommand.argumentLimit else {
      throw SSHError(
        .invalidArgument, "the arguments have \(size) bytes; at most \(RemoteCommand.argumentLimit) are allowed",
        phase: .operation)
    }
    guard !command.argv.contains(where: { $0.contains(0) }) else {
      throw SSHError(.invalidArgument, "an argument contains a NUL byte", phase: .operation)
    }
    guard (command.stdin?.count ?? 0) <= RemoteCommand.inputLimit else {
      throw SSHError(
        .invalidArgument, "the input has more than \(RemoteCommand.inputLimit) bytes", phase: .operation)
    }
  }

  /// The command and its redirection, to the end of the line.
  private static func quoted(_ command: RemoteCommand) -> [UInt8] {
    var text = Array(command.argv.map(Self.quote).joined(separator: [UInt8(ascii: " ")]))
    // Its own input follows on the shell's standard input once the marker has come: a shell may read ahead of the line.
    text += Array((command.stdin == nil ? " </dev/null\n" : "\n").utf8)
    return text
  }

  /// One line of printable ASCII, which means the same to a shell in every locale.
  private static func isPlainLine(_ text: [UInt8]) -> Bool {
    text.count <= lineLimit && text.dropLast().allSatisfy { (0x20...0x7e).contains($0) }
  }

  /// Single quotes keep every byte but themselves (POSIX XCU 2.2.2).
  static func quote(_ argument: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "'")
    var quoted = [quote]
    for byte in argument {
      if byte == quote { quoted += Array("'\\''".utf8) } else { quoted.append(byte) }
    }
    quoted.append(quote)
    return quoted
  }
}
