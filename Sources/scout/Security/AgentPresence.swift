import Foundation
import Glibc

/// The file in an agent's state folder that says which process serves it: locked as long as that process lives, so that a left-over
/// one is known. Holds the lock until it goes.
final class AgentPresence {
  private static let file = "agent.pid"

  private let descriptor: Int32

  /// Takes the folder for this process.
  ///
  /// - Throws: `StartError` where another process has it, `SettingsError` where the file cannot be written.
  init(stateFolder: String) throws {
    let path = stateFolder + "/" + Self.file
    try? FileManager.default.createDirectory(
      atPath: stateFolder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw SettingsError("\(Setting.stateDir.flag) \(stateFolder): \(path) cannot be written: \(Self.reason)")
    }
    guard Self.lock(descriptor) else {
      let other = Self.pid(path).map { " (process \($0))" } ?? ""
      close(descriptor)
      throw StartError("\(Setting.stateDir.flag) \(stateFolder): another agent uses it\(other): give each its own")
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      let reason = Self.reason
      close(descriptor)
      throw SettingsError("\(path) cannot be written: \(reason)")
    }
  }

  /// Whoever asks `process(stateFolder:)` holds the lock for a moment, too.
  private static func lock(_ descriptor: CInt) -> Bool {
    for turn in 0..<10 {
      if turn > 0 { usleep(10_000) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    }
    return false
  }

  deinit { close(descriptor) }

  /// The process that serves the folder; nil: none does.
  static func process(stateFolder: String) -> pid_t? {
    let path = stateFolder + "/" + file
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // Whoever can lock it sees that nobody has.
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
    return pid(path)
  }

  private static func pid(_ path: String) -> pid_t? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { $0 > 1 ? $0 : nil }
  }

  private static var reason: String { String(cString: strerror(errno)) }
}
