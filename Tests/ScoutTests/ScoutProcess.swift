import Foundation
import TestFleet

/// The built `scout`, as a user would start it: with none of this process's SCOUT_ settings.
///
/// Sendable: a process and the files of its output. Ends the process when it goes.
final class ScoutProcess: Sendable {
  private let process: Process
  private let folder: URL
  let input: FileHandle

  /// Where SwiftPM puts it: beside the test bundle.
  static var binary: URL { binary(named: "scout") }

  static func binary(named name: String) -> URL {
    URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
  }

  init(_ arguments: [String], environment: [String: String] = [:], binary: URL = ScoutProcess.binary) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "scout-process-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    process = Process()
    process.executableURL = binary
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SCOUT_") }
      .merging(environment) { $1 }
    let pipe = Pipe()
    input = pipe.fileHandleForWriting
    process.standardInput = pipe
    for name in ["stdout", "stderr"] { try Data().write(to: folder.appending(path: name)) }
    let outputs = try ["stdout", "stderr"].map { try FileHandle(forWritingTo: folder.appending(path: $0)) }
    process.standardOutput = outputs[0]
    process.standardError = outputs[1]
    // The process has its own. Foundation keeps these for as long as this process lives, and crashes in `run` with some 1,350 of them.
    defer { for output in outputs { try? output.close() } }
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? input.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// What it has written so far.
  var output: String { text("stdout") }
  var errors: String { text("stderr") }
  var isRunning: Bool { process.isRunning }
  var pid: Int32 { process.processIdentifier }

  private func text(_ name: String) -> String {
    (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  /// Waits for its end and returns its exit code; for a signal 128 and its number.
  func end(within bound: Duration = .seconds(20)) async throws -> Int32 {
    try await until(within: bound) { !process.isRunning }
    return process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }

  /// The port that it says it listens on.
  func port() async throws -> Int {
    var port: Int?
    try await until(within: .seconds(20)) {
      guard process.isRunning else { throw FleetError("scout ended: \(errors)") }
      port = errors.split(separator: "\n").first { $0.contains("msg=listening") }
        .flatMap { $0.firstMatch(of: /:(\d+)(\/mcp)?( |$)/) }.flatMap { Int($0.1) }
      return port != nil
    }
    return port ?? 0
  }

  /// Runs it to its end.
  static func run(
    _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> (code: Int32, output: String, errors: String) {
    let process = try ScoutProcess(arguments, environment: environment)
    try process.input.close()
    let code = try await process.end(within: .seconds(60))
    return (code, process.output, process.errors)
  }
}
