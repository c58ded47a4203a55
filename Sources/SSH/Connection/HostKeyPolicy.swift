import Glibc
import Libssh2
import NIOPosix
import SSHConfig

/// Applies a host key check's decision, which may be to write a new key down. A value.
struct HostKeyPolicy {
  let check: HostKeyCheck

  /// - Throws: `hostKeyUnknown`, `hostKeyChanged`.
  func apply(_ key: ServerHostKey) async throws(SSHError) {
    guard try check.accept(key) == .acceptAndRemember, let file = check.host.userKnownHostsFiles.first else { return }
    let line = KnownHosts.line(for: HostKey(type: key.algorithm, blob: key.blob), of: check.host) + "\n"
    let written = try? await NIOThreadPool.singleton.runIfActive { Self.append(line, to: file) }
    guard written == true else {
      throw SSHError(
        .hostKeyUnknown,
        "\(check.host.alias): its key is new and cannot be written to \(file); make that file writable",
        phase: .hostKey, scope: .connection)
    }
  }

  private static func append(_ line: String, to path: String) -> Bool {
    guard let file = fopen(path, "a") else { return false }
    defer { fclose(file) }
    return fputs(line, file) >= 0
  }
}
