import Foundation
import SystemPackage

@testable import Enrollment

/// A folder that goes when the test ends. Sendable: holds a path.
final class Scratch: Sendable {
  let path: FilePath

  init() throws {
    path = FilePath(FileManager.default.temporaryDirectory.path()).appending("scout-enrollment-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path.string)
  }

  func text(_ name: String) throws -> String {
    try String(contentsOfFile: path.appending(name).string, encoding: .utf8)
  }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path.appending(folder).string).sorted()
  }
}
