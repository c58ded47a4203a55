import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle
import SystemPackage

/// What a coordinator that has the authority's folder secures its links by: certificates of that authority, its own among them.
struct CoordinatorSecurity: Sendable {
  let exchange: EnrollmentExchange
  let store: CertificateStore
  let links: LinkGuard

  /// Opens the authority, and gives this coordinator a certificate where it has none in force. Blocks.
  ///
  /// - Throws: `SettingsError`.
  init(folder: String, name: String) throws {
    do throws(EnrollmentError) {
      let authority = try Authority.open(at: FilePath(folder))
      exchange = try EnrollmentExchange(authority)
      links = LinkGuard(authority.certificate, revocations: exchange.revocations)
      store = Self.store(of: authority, name: name)
      let stored = try? store.load()
      if stored.map({ $0.authority != authority.certificate || $0.leaf.notAfter <= .now }) ?? true {
        try store.install(try Self.issue(authority, name))
      }
    } catch {
      let hint = error.code == .notFound ? ": make one with `scout pki init --pki \(folder)`" : ""
      throw SettingsError("\(Setting.pki.flag) \(folder): \(error.message)\(hint)")
    }
  }

  /// Where this coordinator's own certificate is.
  static func store(of authority: Authority, name: String = AgentParts.machineName.lowercased()) -> CertificateStore {
    CertificateStore(authority.path.appending("coordinator-" + name))
  }

  /// What has to run: renewal of the own certificate, the look at revocations.
  func services(name: String, logger: Logger) -> [any Service] {
    let authority = exchange.authority
    return [
      CertificateKeeper(store: store, logger: logger) { _ in try Self.issue(authority, name) },
      AuthorityDesk(exchange: exchange, links: links, logger: logger),
    ]
  }

  /// The listener where machines join and renew; nil where there is to be none.
  ///
  /// - Throws: `SettingsError`, `StartError`.
  func enrollment(
    _ settings: SettingsReader, group: any EventLoopGroup, logger: Logger
  ) async throws -> [any Service] {
    guard let text = settings.text(.enrollListen) else { return [] }
    let (host, port) = try settings.address(text, of: .enrollListen)
    let tls = store.tls(links.policy(.agent))
    do {
      let server = try await EnrollmentServer.bind(
        AuthorityDesk(exchange: exchange, links: links, logger: logger), host: host, port: port, tls: tls, group: group,
        logger: logger)
      logger.notice("machines may join", metadata: ["address": "\(host):\(server.address.port ?? port)"])
      return [
        server,
        CertificateWatch(tls: tls, logger: logger) { tls throws(HTTP2Error) in try server.replace(tls) },
      ]
    } catch {
      throw Setting.enrollListen.listenFailure(text, error)
    }
  }

  private static func issue(_ authority: Authority, _ name: String) throws(EnrollmentError) -> Credentials {
    try authority.issueWithKey(
      .coordinator(name: name, in: authority.trustDomain), now: .now)
  }
}
