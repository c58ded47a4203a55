/// A command for a host: run by `/bin/sh`, in a process group of its own, in the login directory. A value.
///
/// The arguments reach the program byte for byte: they are quoted into a script that travels on the shell's standard
/// input, so neither the login shell's syntax nor the remote process list sees them.
package struct RemoteCommand: Sendable, Hashable {
  /// Program and arguments; at least one, no NUL byte, together at most `RemoteCommand.argumentLimit` bytes.
  package var argv: [[UInt8]]
  /// The command's standard input, or nil for `/dev/null`. At most `RemoteCommand.inputLimit` bytes.
  package var stdin: [UInt8]?
  /// Standard output and standard error together; what is over it is read, counted and dropped.
  package var maxOutput: Int

  package static let argumentLimit = 128 * 1024
  package static let inputLimit = 1024 * 1024

  package init(argv: [[UInt8]], stdin: [UInt8]? = nil, maxOutput: Int = 1024 * 1024) {
    self.argv = argv
    self.stdin = stdin
    self.maxOutput = maxOutput
  }

  package init(_ argv: [String], stdin: [UInt8]? = nil, maxOutput: Int = 1024 * 1024) {
    self.init(argv: argv.map { Array($0.utf8) }, stdin: stdin, maxOutput: maxOutput)
  }
}
