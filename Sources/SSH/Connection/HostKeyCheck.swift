import Libssh2
import NIOPosix
import SSHConfig
import Synchronization

/// Reads known_hosts off the loops, once per change of the files. Sendable: state behind a lock.
final class KnownHostsCache: Sendable {
  static let shared = KnownHostsCache()

  private struct Entry {
    var stamps: [FileStamp]
    var hosts: KnownHosts
  }

  private let entries = Mutex<[[String]: Entry]>([:])

  /// Settings name few different sets of files; should somebody make up many, forget them all.
  private static let limit = 64

  func load(_ files: [String]) async throws(SSHError) -> KnownHosts {
    do {
      return try await NIOThreadPool.singleton.runIfActive {
        let stamps = files.map(FileStamp.init)
        if let entry = self.entries.withLock({ $0[files] }), entry.stamps == stamps { return entry.hosts }
        let hosts = KnownHosts.load(files)
        self.entries.withLock { entries in
          if entries.count >= Self.limit { entries = [:] }
          entries[files] = Entry(stamps: stamps, hosts: hosts)
        }
        return hosts
      }
    } catch {
      throw SSHError(.cancelled, "the process is shutting down")
    }
  }
}

/// The decision on a host's key, before anything is shown to the host. A value.
struct HostKeyCheck {
  let host: ResolvedHost
  let known: KnownHosts

  /// What to propose in the key exchange, best first: key types that can be checked come before the others.
  func algorithms(from supported: [String]) -> [String] {
    let wanted =
      host.hostKeyAlgorithms.map { names in names.filter(supported.contains) }
      ?? supported.filter { !Self.weak.contains($0) }
    return known.preferring(wanted, for: host)
  }

  /// Signed by SHA-1, or DSA: as ssh(1), proposed only where HostKeyAlgorithms says so.
  private static let weak: Set = ["ssh-rsa", "ssh-dss"]

  enum Decision: Equatable {
    case accept
    /// `accept-new`: from now on it is known.
    case acceptAndRemember
    /// Checking is off, and the key is another than the known one: whoever is there shall not have a password.
    case acceptWithoutTrust
  }

  /// - Throws: `hostKeyUnknown` or `hostKeyChanged`, with the command that mends it.
  func accept(_ key: ServerHostKey) throws(SSHError) -> Decision {
    let verdict = known.check(HostKey(type: key.algorithm, blob: key.blob), for: host)
    switch (verdict, host.strictHostKeyChecking) {
    case (.match, _), (.unknown, .off): return .accept
    case (.changed, .off): return .acceptWithoutTrust
    case (.unknown, .acceptNew): return .acceptAndRemember
    case (.revoked(_, let message), _), (.changed(_, let message), _):
      throw SSHError(.hostKeyChanged, message, phase: .hostKey, scope: .connection)
    case (.unknown(let message), .yes), (.unknown(let message), .ask):
      throw SSHError(.hostKeyUnknown, message, phase: .hostKey, scope: .connection)
    }
  }
}
