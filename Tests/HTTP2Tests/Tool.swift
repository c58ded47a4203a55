import Foundation

/// A program of this machine, run to its end.
enum Tool {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Returns what it wrote to both its outputs.
  ///
  /// - Throws: `Failure` where it is not installed or does not exit with 0.
  static func run(_ name: String, _ arguments: [String], in folder: URL? = nil) async throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/\(name)")
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/\(name)") else {
      throw Failure(description: "/usr/bin/\(name) is not installed: see Deploy/test.sh")
    }
    let output = FileManager.default.temporaryDirectory.appending(path: "scout-tool-\(UUID().uuidString)")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: output) }
    let handle = try FileHandle(forWritingTo: output)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = handle
    process.standardError = handle
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in continuation.resume() }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        continuation.resume(throwing: error)
      }
    }
    try handle.close()
    let text = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    guard process.terminationStatus == 0 else {
      throw Failure(description: "\(name) ended with \(process.terminationStatus): \(text)")
    }
    return text
  }
}
