import Enrollment
import Foundation
import HTTP2
import Logging
import NIOConcurrencyHelpers
import NIOPosix
import ServiceLifecycle
import Telemetry

/// When the certificates run out that a coordinator relies on, for `/metrics`: its own are looked at each minute, off the loops, so that
/// one that was not renewed shows long before links break. Sendable: state behind a lock.
final class CertificateEnds: Service {
  private struct Source: Sendable {
    let role: String
    let end: @Sendable () throws -> Date?
  }

  private let sources: [Source]
  private let links: LinkGuard?
  private let logger: Logger
  private let ends = NIOLockedValueBox<[String: Date]>([:])

  /// - Parameter security: as `AgentLinks`: files that are given win over it.
  /// - Throws: `SettingsError`.
  init(_ settings: SettingsReader, security: CoordinatorSecurity?, logger: Logger) throws(SettingsError) {
    self.logger = logger
    // Whoever has the authority sees agents renew. Elsewhere a link shows the certificate that it was made with, and nothing later.
    links = security?.exchange == nil ? nil : security?.links
    var sources: [Source] = []
    if let files = try settings.mutualTLS(.agentCA, .agentCert, .agentKey) {
      sources.append(Source(role: "coordinator") { try Self.end(of: files.certificateChain, in: files) })
      sources.append(Source(role: "authority") { try Self.end(of: files.trustRoots, in: files) })
    } else if let store = security?.store {
      sources.append(Source(role: "coordinator") { try store.load()?.leaf.notAfter })
      sources.append(Source(role: "authority") { try store.load()?.trusted.map(\.notAfter).min() })
    }
    if let chain = settings.text(.tlsCert), let key = settings.text(.tlsKey) {
      let files = HTTP2TLS(trustRoots: chain, certificateChain: chain, privateKey: key)
      sources.append(Source(role: "front_door") { try Self.end(of: chain, in: files) })
    }
    self.sources = sources
  }

  /// The first of the file's certificates that ends.
  private static func end(of file: String, in files: HTTP2TLS) throws -> Date? {
    try files.certificates().filter { $0.file == file }.map(\.notAfter).min()
      .map { Date(timeIntervalSince1970: Double($0)) }
  }

  func register(in metrics: MetricsRegistry) {
    metrics.gauges(
      "scout_certificate_expiry_seconds",
      help: "Until a certificate ends; agents' where this coordinator has the authority.",
      labels: ["role", "agent", "segment"]
    ) {
      let now = Date()
      let own = self.ends.withLockedValue { $0 }.sorted { $0.key < $1.key }
        .map { MetricSample([$0.key, "", ""], $0.value.timeIntervalSince(now)) }
      let agents = self.links?.agentEnds(now: now) ?? []
      return own
        + agents.map { identity, end in
          let segment = identity.segment ?? ""
          return MetricSample(["agent", "\(segment)/\(identity.name)", segment], end.timeIntervalSince(now))
        }
    }
  }

  func run() async throws {
    await cancelWhenGracefulShutdown {
      repeat {
        await self.look()
      } while (try? await Task.sleep(for: .seconds(60))) != nil
    }
  }

  /// What cannot be read keeps the end that it had: that comes nearer.
  private func look() async {
    for source in sources {
      do {
        guard let end = try await NIOThreadPool.singleton.runIfActive({ try source.end() }) else { continue }
        ends.withLockedValue { $0[source.role] = end }
      } catch {
        logger.warning(
          "a certificate cannot be looked at", metadata: ["role": .string(source.role), "reason": "\(error)"])
      }
    }
  }
}
