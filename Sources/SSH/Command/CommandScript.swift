/// The shell text that starts a command and tells its process group. A value.
///
/// It is read by `/bin/sh -s`, so only POSIX sh sees it: the login shell runs nothing but the constant
/// `CommandScript.shell`. The shell says the marker and its process id (which is the process group's, because sshd makes
/// each session a group of its own) and then becomes the command.
struct CommandScript {
  static let shell = "exec /bin/sh -s"

  /// Printed on both streams before the command's own output. Not to be guessed by the command.
  let marker: String
  private let command: RemoteCommand

  init(_ command: RemoteCommand, marker: String = CommandScript.randomMarker()) {
    self.command = command
    self.marker = marker
  }

  static func randomMarker() -> String {
    "scout-" + String(UInt64.random(in: .min ... .max), radix: 36) + String(UInt64.random(in: .min ... .max), radix: 36)
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

  var bytes: [UInt8] {
    // Nothing runs of which the marker could not be told.
    var text = Array("printf '%s %s\\n' \(marker) $$ && printf '%s\\n' \(marker) >&2 && exec".utf8)
    for argument in command.argv {
      text.append(UInt8(ascii: " "))
      text += Self.quote(argument)
    }
    // Its own input follows on the shell's standard input once the marker has come: a shell may read ahead of the line.
    text += Array((command.stdin == nil ? " </dev/null\n" : "\n").utf8)
    return text
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
