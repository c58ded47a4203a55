import Enrollment
import Logging
import NIOPosix
import SSH
import ServiceLifecycle

/// Follows whom the folder of the own certificate says to trust, where the authority's folder is not: it was learned there
/// (`RevocationFollower`), or put there with another certificate. Links with those whose authority is retired drain. Sendable.
///
/// Looks at the file each second, off the loops. What cannot be read leaves in force what was.
struct TrustWatch: Service {
  let store: CertificateStore
  let links: LinkGuard
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      // What was put there since the start is not missed.
      var seen: FileStamp?
      while !Task.isCancelled {
        let now = await stamp()
        if now != seen {
          seen = now
          await follow()
        }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func follow() async {
    do {
      let stored = try await NIOThreadPool.singleton.runIfActive { try store.load() }
      guard let stored, links.trusted.replace(stored.trusted) else { return }
      logger.notice("authorities read anew", metadata: ["trusted": "\(stored.trusted.map(\.pin))"])
      links.reexamine()
    } catch {
      logger.error("authorities not read anew", metadata: ["reason": "\(error)"])
    }
  }

  private func stamp() async -> FileStamp? {
    try? await NIOThreadPool.singleton.runIfActive { FileStamp(store.currentFiles.authority) }
  }
}
