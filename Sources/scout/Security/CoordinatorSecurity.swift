import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle
import SystemPackage

/// What a coordinator secures its links by: certificates of one authority, its own among them. One coordinator has the authority's
/// folder, and gives itself and those who join their certificates; others have a certificate of it alone (`scout pki issue`).
struct CoordinatorSecurity: Sendable {
  /// Nil where the authority is elsewhere: nobody joins here.
  let exchange: EnrollmentExchange?
  let store: CertificateStore
  let links: LinkGuard
  /// Where the authority is elsewhere, and from whom it is learned. Without addresses nobody is asked, and who is revoked is not known
  /// before its certificate ends.
  private let revocations: (copy: RevocationCopy, addresses: [EnrollmentClient.Address])?

  /// Opens the folder, and gives a coordinator that has the authority a certificate where it has none in force. Blocks.
  ///
  /// - Throws: `SettingsError`.
  init(folder: String, name: String) throws {
    let path = FilePath(folder)
    do throws(EnrollmentError) {
      guard let authority = try Self.authority(at: path) else {
        store = CertificateStore(path)
        let stored = try Self.issued(at: path)
        guard stored.identity.role == .coordinator, stored.leaf.notAfter > .now else {
          throw EnrollmentError(
            .expired,
            "The certificate of \(stored.identity) in \(path) is no coordinator's, or has expired: issue another")
        }
        exchange = nil
        let trusted = TrustedAuthorities(stored.trusted)
        let copy = RevocationCopy(path, trusted: trusted)
        revocations = (copy, try Self.enrollment(at: path))
        links = LinkGuard(trusted) { copy.isRevoked($0) }
        return
      }
      let exchange = try EnrollmentExchange(authority)
      self.exchange = exchange
      revocations = nil
      links = LinkGuard(TrustedAuthorities(exchange.authorities.trusted)) { exchange.revocations.isRevoked($0) }
      let own = OwnCertificate(exchange: exchange, name: name)
      store = own.store
      if !own.isUsable { try own.renew() }
    } catch {
      let hint = error.code == .notFound ? ": make one with `scout pki init --pki \(folder)`" : ""
      throw SettingsError("\(Setting.pki.flag) \(folder): \(error.message)\(hint)")
    }
  }

  /// Nil where there is none.
  static func authority(at path: FilePath) throws(EnrollmentError) -> Authority? {
    do {
      return try Authority.open(at: path)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }

  /// What `scout pki issue` made.
  ///
  /// - Throws: `notFound`, and what `CertificateStore.load` throws.
  static func issued(at path: FilePath) throws(EnrollmentError) -> StoredCertificate {
    guard let stored = try CertificateStore(path).load() else {
      throw EnrollmentError(.notFound, "There is neither an authority nor a certificate of one in \(path)")
    }
    return stored
  }

  /// Whom a coordinator without the authority asks who is revoked: the file beside its certificate that `scout pki issue --enroll` made.
  ///
  /// - Throws: `storage` for what is no list of HOST:PORT.
  static func enrollment(at path: FilePath) throws(EnrollmentError) -> [EnrollmentClient.Address] {
    let file = path.appending(AgentSecurity.addressFile).string
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
    do {
      return try SettingsReader.enrollmentAddresses(
        text.split(whereSeparator: \.isWhitespace).map(String.init), in: file)
    } catch {
      throw EnrollmentError(.storage, error.description)
    }
  }

  /// Where this coordinator's own certificate is.
  static func store(of authority: Authority, name: String = AgentParts.machineName.lowercased()) -> CertificateStore {
    CertificateStore(authority.path.appending("coordinator-" + name))
  }

  /// What has to run: renewal of the own certificate, the look at revocations. Who has no authority is given its certificates.
  func services(name: String, group: any EventLoopGroup, logger: Logger) -> [any Service] {
    guard let exchange else {
      let watch = TrustWatch(store: store, links: links, logger: logger)
      guard let revocations, !revocations.addresses.isEmpty else { return [watch] }
      return [
        watch,
        RevocationFollower(
          revocations.copy, links: links, addresses: revocations.addresses, store: store, group: group, logger: logger),
      ]
    }
    return [
      CertificateKeeper(store: store, logger: logger) { _ in
        let authority = exchange.authority
        return try authority.issueWithKey(.coordinator(name: name, in: authority.trustDomain), now: .now)
      },
      RotationWatch(own: OwnCertificate(exchange: exchange, name: name), links: links, logger: logger),
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
    guard let exchange else {
      throw SettingsError(
        "\(Setting.enrollListen.flag): the folder of \(Setting.pki.flag) holds a certificate and no authority: agents join at"
          + " the coordinator that has it")
    }
    let (host, port) = try settings.address(text, of: .enrollListen)
    // Coordinators without the authority ask who is revoked.
    let tls = store.tls(links.policy(nil))
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
}
