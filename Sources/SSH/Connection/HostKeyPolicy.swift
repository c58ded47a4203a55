import Glibc
import Libssh2
import NIOPosix
import SSHConfig

/// Applies a host key check's decision, which may be to write a new key down. A value.
struct HostKeyPolicy {
  let check: HostKeyCheck

  /// - Throws: `hostKeyUnknown`, `hostKeyChanged`.
  func apply(_ key: ServerHostKey) async throws(SSHError) -> HostKeyCheck.Decision {
    let decision = try check.accept(key)
    guard decision == .acceptAndRemember, let file = check.host.userKnownHostsFiles.first else { return decision }
    let line = KnownHosts.line(for: HostKey(type: key.algorithm, blob: key.blob), of: check.host) + "\n"
    let written = try? await NIOThreadPool.singleton.runIfActive { Self.append(line, to: file) }
    guard written == true else {
      throw SSHError(
        .hostKeyUnknown,
        "\(check.host.alias): its key is new and cannot be written to \(file); make that file writable",
        phase: .hostKey, scope: .connection)
    }
    return decision
  }

  /// Makes the file's folder as ssh(1) does, where only that is missing. A file that does not end with a line feed gets one first. In one
  /// write, so that nobody reads half a line.
  private static func append(_ line: String, to path: String) -> Bool {
    var file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    if file < 0, errno == ENOENT, let end = path.lastIndex(of: "/"), mkdir(String(path[..<end]), 0o700) == 0 {
      file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    }
    guard file >= 0 else { return false }
    var last = UInt8(ascii: "\n")
    let size = lseek(file, 0, SEEK_END)
    if size > 0 { _ = pread(file, &last, 1, size - 1) }
    let text = Array(((last == UInt8(ascii: "\n") ? "" : "\n") + line).utf8)
    let isWritten = write(file, text, text.count) == text.count
    return close(file) == 0 && isWritten
  }
}
