import HTTP2
import Logging
import NIOPosix
import SSH
import ServiceLifecycle

/// Has listeners show new certificates when their files have changed, without a restart. Sendable.
///
/// Looks at the files each second, off the loops. Files that cannot be used leave the ones before in force, and the log says why.
struct CertificateWatch: Service {
  let tls: HTTP2TLS
  let logger: Logger
  let replace: @Sendable (HTTP2TLS) throws(HTTP2Error) -> Void

  private var files: [String] { [tls.trustRoots, tls.certificateChain, tls.privateKey] }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var seen = await stamps()
      while !Task.isCancelled {
        try? await Task.sleep(for: .seconds(1))
        let now = await stamps()
        guard now != seen, !now.isEmpty, !Task.isCancelled else { continue }
        // Whatever comes of it, these files have been looked at: another try comes with another change.
        seen = now
        do {
          try await NIOThreadPool.singleton.runIfActive { try replace(tls) }
          logger.notice("certificates read anew", metadata: ["file": .string(tls.certificateChain)])
        } catch {
          logger.error(
            "certificates not read anew", metadata: ["reason": .string((error as? HTTP2Error)?.message ?? "\(error)")])
        }
      }
    }
  }

  private func stamps() async -> [FileStamp] {
    (try? await NIOThreadPool.singleton.runIfActive { files.map(FileStamp.init) }) ?? []
  }
}
