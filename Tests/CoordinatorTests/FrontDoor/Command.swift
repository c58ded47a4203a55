import Foundation

/// A program run to its end without holding up a thread of the tests.
enum Command {
  /// - Returns: its exit status and what it wrote to stdout and stderr together.
  static func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = FileManager.default.temporaryDirectory.appendingPathComponent("command-\(UUID().uuidString)")
    try Data().write(to: output)
    defer { try? FileManager.default.removeItem(at: output) }
    let handle = try FileHandle(forWritingTo: output)
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    let (ended, continuation) = AsyncStream<Int32>.makeStream()
    process.terminationHandler = {
      continuation.yield($0.terminationStatus)
      continuation.finish()
    }
    defer { try? handle.close() }
    try process.run()
    let status = await ended.first { _ in true } ?? -1
    return (status, String(decoding: try Data(contentsOf: output), as: UTF8.self))
  }
}
