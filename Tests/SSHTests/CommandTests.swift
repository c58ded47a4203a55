import Foundation
import NIOCore
import SSH
import Synchronization
import TestFleet
import Testing

/// Collects what a command says.
final class CommandOutput: Sendable {
  private let text = Mutex<(String, String)>(("", ""))
  var stdout: String { text.withLock { $0.0 } }
  var stderr: String { text.withLock { $0.1 } }
  func take(_ chunk: OutputChunk) {
    text.withLock { text in
      if chunk.stream == .stdout {
        text.0 += String(buffer: chunk.bytes)
      } else {
        text.1 += String(buffer: chunk.bytes)
      }
    }
  }
}

@Suite struct CommandTests {
  private func run(_ connection: SSHConnection, _ command: RemoteCommand) async throws -> (CommandExit, CommandOutput) {
    let output = CommandOutput()
    let exit = try await connection.run(command, deadline: soon) { output.take($0) }
    return (exit, output)
  }

  @Test func argumentsArriveByteForByte() async throws {
    try await TestHosts.withConnection { _, connection in
      let arguments = ["a b", "it's", "\"", "$HOME", "`id`", "new\nline", "*", "\\", "", "-n", "ü", "; exit 3"]
      let (exit, output) = try await run(connection, RemoteCommand(["printf", "<%s>"] + arguments))
      #expect(exit.status == .code(0))
      #expect(output.stdout == arguments.map { "<\($0)>" }.joined())
      #expect(output.stderr == "")
      #expect(!exit.truncated)
    }
  }

  @Test func exitCodesSignalsAndStreams() async throws {
    try await TestHosts.withConnection { _, connection in
      let (exit, output) = try await run(connection, RemoteCommand(["sh", "-c", "echo out; echo err >&2; exit 7"]))
      #expect(exit.status == .code(7))
      #expect(output.stdout == "out\n")
      #expect(output.stderr == "err\n")
      #expect(exit.stdoutBytes == 4)
      #expect(exit.stderrBytes == 4)
      let (killed, _) = try await run(connection, RemoteCommand(["sh", "-c", "kill -TERM $$"]))
      #expect(killed.status == .signal("TERM"))
      let (missing, words) = try await run(connection, RemoteCommand(["no-such-program"]))
      #expect(missing.status == .code(127))
      #expect(words.stderr.contains("not found"))
      #expect(connection.isOpen)
    }
  }

  @Test func standardInput() async throws {
    try await TestHosts.withConnection { _, connection in
      let (empty, nothing) = try await run(connection, RemoteCommand(["cat"]))
      #expect(empty.status == .code(0))
      #expect(nothing.stdout == "")
      let text = String(repeating: "line of input\n", count: 20_000)
      let command = RemoteCommand(["cat"], stdin: Array(text.utf8))
      let (exit, output) = try await run(connection, command)
      #expect(exit.status == .code(0))
      #expect(output.stdout == text)
    }
  }

  @Test func whatIsOverTheBoundIsCountedAndDropped() async throws {
    try await TestHosts.withConnection { _, connection in
      let command = RemoteCommand(["head", "-c", "5000000", "/dev/zero"], maxOutput: 1000)
      let (exit, output) = try await run(connection, command)
      #expect(exit.status == .code(0))
      #expect(exit.truncated)
      #expect(exit.stdoutBytes == 5_000_000)
      #expect(output.stdout.utf8.count == 1000)
    }
  }

  @Test func aSlowReaderHoldsTheCommandBack() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let progress = hosts.fleet.files.path + "/progress"
      let script = "i=0; while [ $i -lt 400 ]; do head -c 65536 /dev/zero; i=$((i+1)); echo $i > \(progress); done"
      let command = RemoteCommand(["sh", "-c", script], maxOutput: 1 << 30)
      let seen = Mutex(0)
      let exit = try await connection.run(command, deadline: soon) { chunk in
        let before = seen.withLock { seen in
          defer { seen += chunk.bytes.readableBytes }
          return seen
        }
        guard before == 0 else { return }
        try await Task.sleep(for: .milliseconds(800))
        let written = Int(try String(contentsOfFile: progress, encoding: .utf8).trimmingCharacters(in: .newlines)) ?? 0
        #expect(written < 200)
      }
      #expect(exit.stdoutBytes == 400 * 65_536)
      #expect(seen.withLock { $0 } == 400 * 65_536)
    }
  }

  @Test func badCommandsAreRefusedHere() async throws {
    try await TestHosts.withConnection { _, connection in
      for command in [RemoteCommand([]), RemoteCommand([""]), RemoteCommand(["a\0b"]), RemoteCommand(["-c", "id"])] {
        let error = try await failure { try await connection.run(command, deadline: soon) { _ in } }
        #expect(error.code == .invalidArgument)
      }
    }
  }

  /// The pids that a test command wrote to `file`.
  private func pids(_ file: String) async throws -> [Int32] {
    for _ in 0..<500 {
      if let text = try? String(contentsOfFile: file, encoding: .utf8), text.hasSuffix("ready\n") {
        return text.split(separator: "\n").compactMap { Int32($0) }
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Unexpected(what: "no pids in \(file)")
  }

  /// Also where the login shell has become the command: it reads all commands but a connection's first.
  @Test(arguments: ["", "trap '' INT; ", "trap '' INT TERM; "], [false, true])
  func cancelEndsTheWholeProcessGroup(_ trap: String, isFirst: Bool) async throws {
    try await TestHosts.withConnection { hosts, connection in
      if !isFirst { _ = try await run(connection, RemoteCommand(["true"])) }
      let file = hosts.fleet.files.path + "/pids"
      let script = trap + "sleep 300 & echo $! > \(file); echo $$ >> \(file); echo ready >> \(file); wait; sleep 300"
      let running = Task {
        try await connection.run(RemoteCommand(["sh", "-c", script]), deadline: soon) { _ in }
      }
      let pids = try await pids(file)
      #expect(pids.count == 2)
      running.cancel()
      let error = try await failure { try await running.value }
      #expect(error.code == .cancelled)
      #expect(error.mayHaveRun)
      let signal = trap.isEmpty ? "INT" : trap.contains("TERM") ? "KILL" : "TERM"
      if trap.isEmpty {
        // A shell starts its background jobs without SIGINT where it has no job control.
        guard case .confirmed(let last?) = error.ending else { throw Unexpected(what: "\(error)") }
        #expect(["INT", "TERM"].contains(last))
      } else {
        #expect(error.ending == .confirmed(lastSignal: signal))
      }
      for pid in pids { #expect(!isAlive(pid)) }
      #expect(connection.isOpen)
    }
  }

  /// There is not room on the connection for all that end them at once.
  @Test func manyThatAreCancelledTogetherAreAllEnded() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let running = (0..<8).map { number in
        let file = hosts.fleet.files.path + "/pids\(number)"
        let script = "echo $$ > \(file); echo ready >> \(file); exec sleep 300"
        let task = Task { try await connection.run(RemoteCommand(["sh", "-c", script]), deadline: soon) { _ in } }
        return (file, task)
      }
      var all: [Int32] = []
      for (file, _) in running { all += try await pids(file) }
      for (_, task) in running { task.cancel() }
      for (_, task) in running {
        let error = try await failure { try await task.value }
        guard case .confirmed? = error.ending else { throw Unexpected(what: "\(error)") }
      }
      #expect(all.count == 8 && !all.contains(where: isAlive))
    }
  }

  /// The host's own wrapper around commands keeps back what Scout waits for: then nothing is certain.
  @Test(arguments: ["exec >/dev/null", "head -c 300000 /dev/zero | tr '\\0' x"])
  func aCommandThatWasNotSeenToStartMayHaveRun(_ first: String) async throws {
    var options = TestFleet.Options()
    options.hosts = 1
    options.configuration = ["ForceCommand \(first); exec sh -c \"$SSH_ORIGINAL_COMMAND\""]
    try await TestFleet.with(options) { fleet in
      let hosts = try TestHosts(fleet)
      let connection = try await hosts.connect()
      let file = fleet.files.path + "/made"
      let error = try await failure {
        try await connection.run(RemoteCommand(["touch", file]), deadline: soon) { _ in }
      }
      #expect(error.mayHaveRun, "\(error)")
      await connection.close()
    }
  }

  @Test func theDeadlineEndsTheProcessGroup() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let file = hosts.fleet.files.path + "/pids"
      let script = "echo $$ > \(file); echo ready >> \(file); exec sleep 300"
      let error = try await failure {
        // Enough for an account whose login shell reads a heavy .bashrc on a busy machine.
        try await connection.run(RemoteCommand(["sh", "-c", script]), deadline: .now + .seconds(5)) { _ in }
      }
      #expect(error.code == .timeout)
      #expect(error.ending == .confirmed(lastSignal: "INT"))
      for pid in try await pids(file) { #expect(!isAlive(pid)) }
    }
  }

  /// The caller has its answer in its time; the group is ended all the same, and the channels are held until then.
  @Test func aFrozenHostHoldsNobodyPastTheLastWord() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let file = hosts.fleet.files.path + "/pids"
      let script = "echo $$ > \(file); echo ready >> \(file); exec sleep 300"
      let (released, release) = AsyncStream<Void>.makeStream()
      let isReleased = Atomic(false)
      let limit = ContinuousClock.now + .seconds(5)
      let running = Task {
        try await connection.run(
          RemoteCommand(["sh", "-c", script]), deadline: limit, lastWord: limit, output: { _ in },
          released: {
            isReleased.store(true, ordering: .relaxed)
            release.finish()
          })
      }
      let pids = try await pids(file)
      hosts.fleet.pause()
      let error = try await failure { try await running.value }
      #expect(error.ending == .unconfirmed && error.mayHaveRun)
      let isHeld = !isReleased.load(ordering: .relaxed)
      #expect(isHeld)
      hosts.fleet.resume()
      for await _ in released {}
      while pids.contains(where: isAlive) { try await Task.sleep(for: .milliseconds(10)) }
    }
  }

  @Test func anErrorOfTheReaderEndsTheProcessGroup() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let file = hosts.fleet.files.path + "/pids"
      let script = "echo $$ > \(file); echo ready >> \(file); exec cat /dev/zero"
      await #expect(throws: Unexpected.self) {
        _ = try await connection.run(RemoteCommand(["sh", "-c", script]), deadline: soon) { _ in
          throw Unexpected(what: "enough")
        }
      }
      for pid in try await pids(file) { #expect(!isAlive(pid)) }
    }
  }

  @Test func aLostConnectionMayHaveRun() async throws {
    try await TestHosts.withConnection { hosts, connection in
      let file = hosts.fleet.files.path + "/pids"
      let script = "echo $$ > \(file); echo ready >> \(file); exec sleep 300"
      let running = Task {
        try await connection.run(RemoteCommand(["sh", "-c", script]), deadline: soon) { _ in }
      }
      _ = try await pids(file)
      await hosts.fleet.killServers()
      let error = try await failure { try await running.value }
      #expect(error.code == .connectionLost)
      #expect(error.mayHaveRun)
    }
  }

  @Test func manyCommandsBesideLanes() async throws {
    try await TestHosts.withConnection { _, connection in
      let lane = try await connection.openLane(deadline: soon)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<6 {
          group.addTask {
            for _ in 0..<5 {
              let (exit, output) = try await run(connection, RemoteCommand(["echo", "\(number)"]))
              #expect(exit.status == .code(0))
              #expect(output.stdout == "\(number)\n")
            }
          }
        }
        for _ in 0..<50 { _ = try await lane.stat(RemotePath("/"), deadline: soon) }
        try await group.waitForAll()
      }
    }
  }
}
