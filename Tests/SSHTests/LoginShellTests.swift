import Foundation
import NIOCore
import SSH
import TestFleet
import Testing

/// Accounts with other login shells than this machine's: a wrapper writes down what the host is asked to run, and hands it to the shell.
@Suite struct LoginShellTests {
  private static let sh = "exec /bin/sh -s"
  private static let inPlace = #"""
    unset -f printf read eval set command 2>/dev/null || :; set +vx; command trap - DEBUG 2>/dev/null || :; IFS=' ' read -r nonce argv && \#
    printf 'scout-%s %s\n' "$nonce" $$ && printf 'scout-%s\n' "$nonce" >&2 && eval "exec $argv"
    """#

  /// A host where `shell`, the text in front of an exec request, takes the requests of an account whose login shell is `path`.
  private func withAccount(
    path: String, shell: String, _ body: (SSHConnection) async throws -> Void
  ) async throws -> [String] {
    var options = TestFleet.Options()
    options.hosts = 1
    options.configuration = [
      #"ForceCommand echo "$SSH_ORIGINAL_COMMAND" >>"$HOME/asked"; export SHELL=\#(path); \#(shell)"#
    ]
    return try await TestFleet.with(options) { fleet in
      let connection = try await TestHosts(fleet).connect()
      try await body(connection)
      await connection.close()
      let asked = try String(contentsOf: fleet.directory.appending(path: "asked"), encoding: .utf8)
      return asked.split(separator: "\n").map(String.init)
    }
  }

  private func run(_ connection: SSHConnection, _ argv: [String], stdin: String? = nil) async throws -> CommandOutput {
    let output = CommandOutput()
    let command = RemoteCommand(argv, stdin: stdin.map { Array($0.utf8) })
    let exit = try await connection.run(command, deadline: soon) { output.take($0) }
    #expect(exit.status == .code(0))
    return output
  }

  @Test(arguments: ["/bin/bash", "/bin/dash", "/bin/mksh", "/bin/busybox ash"])
  func aPOSIXShellReadsTheCommandItself(_ shell: String) async throws {
    let path = shell.replacing(" ", with: "/")
    let asked = try await withAccount(path: path, shell: #"exec \#(shell) -c "$SSH_ORIGINAL_COMMAND""#) { connection in
      let arguments = [
        "a b", "it's", "''", "\"", "$HOME", "`id`", "*", "\\", "\\n", "", "-n", "; exit 3", "  two  b  ",
      ]
      for _ in 0..<2 {
        let output = try await run(connection, ["printf", "<%s>"] + arguments)
        #expect(output.stdout == arguments.map { "<\($0)>" }.joined())
        #expect(output.stderr == "")
      }
      let fed = try await run(connection, ["cat"], stdin: "a line\nand \\ another")
      #expect(fed.stdout == "a line\nand \\ another")
      let empty = try await run(connection, ["cat"])
      #expect(empty.stdout == "")
    }
    #expect(asked == [Self.sh, Self.inPlace, Self.inPlace, Self.inPlace])
  }

  @Test func whatDependsOnALocaleOrIsLongIsReadBySh() async throws {
    let asked = try await withAccount(path: "/bin/bash", shell: #"exec bash -c "$SSH_ORIGINAL_COMMAND""#) {
      connection in
      for argument in ["", "two\nlines", "ü", "a\tb", String(repeating: "x", count: 3000), "x"] {
        let output = try await run(connection, ["printf", "%s", argument])
        #expect(output.stdout == argument)
      }
    }
    #expect(asked == Array(repeating: Self.sh, count: 5) + [Self.inPlace])
  }

  @Test(arguments: [("/bin/tcsh", "/bin/tcsh"), ("/usr/bin/fish", "/usr/bin/fish"), ("", "/bin/sh")])
  func anotherShellOnlyStartsSh(path: String, shell: String) async throws {
    let asked = try await withAccount(path: path, shell: #"exec \#(shell) -c "$SSH_ORIGINAL_COMMAND""#) { connection in
      for _ in 0..<2 {
        let output = try await run(connection, ["printf", "%s", "it's $HOME"])
        #expect(output.stdout == "it's $HOME")
      }
    }
    #expect(asked == [Self.sh, Self.sh])
  }

  /// What ~/.bashrc turns on, as bash reads it where sshd starts it.
  @Test(arguments: ["bash", "dash"])
  func whatStartupFilesTurnOnIsNotInTheOutput(_ shell: String) async throws {
    let noise = shell == "bash" ? #"set -xv; trap \"echo noise; echo noise >&2\" DEBUG"# : "set -xv"
    let wrapper = #"exec \#(shell) -c "\#(noise); echo welcome; $SSH_ORIGINAL_COMMAND""#
    let asked = try await withAccount(path: "/bin/\(shell)", shell: wrapper) { connection in
      for _ in 0..<2 {
        let output = try await run(connection, ["sh", "-c", "echo out; echo err >&2"])
        #expect(output.stdout == "out\n")
        #expect(output.stderr == "err\n")
      }
    }
    #expect(asked == [Self.sh, Self.inPlace])
  }

  /// The command runs once, and the next ones are asked for as the host takes them.
  @Test func aHostThatTakesOnlyShIsAskedForIt() async throws {
    let wrapper = #"[ "$SSH_ORIGINAL_COMMAND" = "\#(Self.sh)" ] && exec /bin/sh -s; echo "not allowed"; exit 1"#
    let asked = try await withAccount(path: "/bin/bash", shell: wrapper) { connection in
      for number in 0..<3 {
        let output = try await run(connection, ["echo", "\(number)"])
        #expect(output.stdout == "\(number)\n")
      }
    }
    #expect(asked == [Self.sh, Self.inPlace, Self.sh, Self.sh])
  }

  /// What startup files call by the names of the shell's own words is not asked.
  @Test func aFunctionOfTheStartupFilesIsNotAsked() async throws {
    let wrapper = #"exec bash -c "printf() { return 0; }; read() { return 0; }; $SSH_ORIGINAL_COMMAND""#
    let asked = try await withAccount(path: "/bin/bash", shell: wrapper) { connection in
      for number in 0..<2 {
        let output = try await run(connection, ["echo", "\(number)"])
        #expect(output.stdout == "\(number)\n")
      }
    }
    #expect(asked == [Self.sh, Self.inPlace])
  }

  /// A wrapper that logs sessions joins both streams, and stays between sshd and the shell.
  @Test func aWrapperThatJoinsTheStreamsAddsNothing() async throws {
    let wrapper = #"sh -c "$SSH_ORIGINAL_COMMAND" 2>&1 | tee -a "$HOME/log"; exit 0"#
    _ = try await withAccount(path: "/bin/sh", shell: wrapper) { connection in
      for _ in 0..<2 {
        let output = try await run(connection, ["sh", "-c", "echo out; echo err >&2"])
        #expect(output.stdout == "out\nerr\n" && output.stderr == "")
      }
    }
  }

  /// The shell then leads no process group: the one that it is in is ended, and that is looked after.
  @Test func aCommandBelowAWrapperIsEnded() async throws {
    let wrapper = #"sh -c "$SSH_ORIGINAL_COMMAND"; exit $?"#
    _ = try await withAccount(path: "/bin/sh", shell: wrapper) { connection in
      let length = "86\(Int.random(in: 100_000...999_999))"
      for _ in 0..<2 {
        let error = try await failure {
          try await connection.run(RemoteCommand(["sleep", length]), deadline: .now + .milliseconds(500)) { _ in }
        }
        #expect(error.ending == .confirmed(lastSignal: "INT"), "\(error)")
        let left = try await programRun("/usr/bin/pgrep", ["-f", "[s]leep \(length)"])
        #expect(left.output == "")
      }
    }
  }

  @Test func aProgramThatIsMissingIsTheCommandsOwnFailure() async throws {
    for shell in ["bash", "dash"] {
      _ = try await withAccount(path: "/bin/\(shell)", shell: #"exec \#(shell) -c "$SSH_ORIGINAL_COMMAND""#) {
        connection in
        for _ in 0..<2 {
          let output = CommandOutput()
          let exit = try await connection.run(RemoteCommand(["no-such-program"]), deadline: soon) { output.take($0) }
          #expect(exit.status == .code(127))
          #expect(output.stderr.contains("not found"))
        }
      }
    }
  }
}
