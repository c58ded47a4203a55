import Foundation

@testable import SSHConfig

/// A temporary folder that goes with the value that holds it.
final class Scratch: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "scout-config-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file; `@DIR@` in the text becomes this folder.
  @discardableResult
  func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
    let file = path + "/" + name
    try FileManager.default.createDirectory(
      atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try Data(text.replacingOccurrences(of: "@DIR@", with: path).utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
    return file
  }
}

extension SSHConfigEnvironment {
  /// This machine, with this machine's OpenSSH defaults.
  static func oracle() async throws -> SSHConfigEnvironment {
    var environment = current()
    environment.algorithms = try await OpenSSH.algorithms.value
    return environment
  }
}
