import Foundation
import Synchronization

/// Sendable: state behind a lock. A child process whose lines are read as they come.
final class PythonProcess: Sendable {
  /// Of its standard output; ends with it.
  let lines: AsyncStream<String>
  private let ends: AsyncStream<Int32>
  private let errorText = Mutex(Data())

  /// What it wrote to standard error.
  var errors: String { String(decoding: errorText.withLock { $0 }, as: UTF8.self) }

  init(_ executable: String, _ arguments: [String]) throws {
    let process = Process()
    let output = Pipe(), errors = Pipe()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice

    let (lines, line) = AsyncStream.makeStream(of: String.self)
    self.lines = lines
    let (ends, end) = AsyncStream.makeStream(of: Int32.self)
    self.ends = ends
    process.terminationHandler = {
      end.yield($0.terminationStatus)
      end.finish()
    }

    let rest = Mutex(Data())
    output.fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      guard !data.isEmpty else {
        handle.readabilityHandler = nil
        line.finish()
        return
      }
      rest.withLock { rest in
        rest += data
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          line.yield(String(decoding: rest[..<end], as: UTF8.self))
          rest = Data(rest[(end + 1)...])
        }
      }
    }
    errors.fileHandleForReading.readabilityHandler = { [self] handle in
      let data = handle.availableData
      if data.isEmpty { handle.readabilityHandler = nil }
      errorText.withLock { $0 += data }
    }
    try process.run()
  }

  /// How it ended. Once.
  func status() async -> Int32? {
    for await status in ends { return status }
    return nil
  }
}
