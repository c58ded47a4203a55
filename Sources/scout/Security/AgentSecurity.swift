import AgentAPI
import Enrollment
import Foundation
import HTTP2
import Logging
import NIOCore
import ServiceLifecycle
import SystemPackage

/// What an agent that has joined secures its links by: the certificate in its state folder, which it renews itself.
struct AgentSecurity: Sendable {
  static let folder = "certificates"
  static let addressFile = "enrollment"

  let store: CertificateStore
  let stored: StoredCertificate
  let links: LinkGuard
  let revocations: RevocationCopy
  /// Where it joined, and renews: coordinators that are asked in turn.
  let addresses: [String]
  private let addressPath: String

  /// Nil where the agent never joined. Blocks.
  ///
  /// - Throws: `SettingsError`.
  init?(stateFolder: String) throws {
    let folder = FilePath(stateFolder)
    let certificates = folder.appending(Self.folder)
    store = CertificateStore(certificates)
    do {
      guard let stored = try store.load() else { return nil }
      self.stored = stored
    } catch {
      throw SettingsError("\(Setting.stateDir.flag) \(stateFolder): \(error)")
    }
    let trusted = TrustedAuthorities(stored.trusted)
    let revocations = RevocationCopy(certificates, trusted: trusted)
    self.revocations = revocations
    links = LinkGuard(trusted) { revocations.isRevoked($0) }
    addressPath = folder.appending(Self.addressFile).string
    guard let text = try? String(contentsOfFile: addressPath, encoding: .utf8) else {
      throw SettingsError("\(addressPath) cannot be read: join anew with a token of `scout pki token`")
    }
    addresses = text.split(whereSeparator: \.isWhitespace).map(String.init)
  }

  /// Keeps the addresses of coordinators' --enroll-listen.
  static func write(_ addresses: [String], to path: String) throws {
    try addresses.map { $0 + "\n" }.joined().write(toFile: path, atomically: true, encoding: .utf8)
  }

  var segment: String { stored.identity.segment ?? "" }
  var name: String { stored.identity.name }
  var tls: HTTP2TLS { store.tls(links.policy(.coordinator)) }

  /// What has to run: renewal of the certificate, the question who is revoked and who is trusted.
  ///
  /// - Throws: As `keeper`.
  func services(group: any EventLoopGroup, logger: Logger) throws(SettingsError) -> [any Service] {
    let addresses = try SettingsReader.enrollmentAddresses(addresses, in: addressPath)
    let keeper = try keeper(group: group, logger: logger)
    let follower = RevocationFollower(
      revocations, links: links, addresses: addresses, store: store, group: group, logger: logger
    ) { try await keeper.renewNow() }
    return [keeper, follower, TrustWatch(store: store, links: links, logger: logger)]
  }

  /// - Throws: `SettingsError` where the file with the addresses holds something else.
  func keeper(group: any EventLoopGroup, logger: Logger) throws(SettingsError) -> CertificateKeeper {
    let addresses = try SettingsReader.enrollmentAddresses(addresses, in: addressPath)
    let tls = tls
    return CertificateKeeper(store: store, logger: logger) { stored in
      let pending = try KeyAndRequest()
      var request = EnrollmentRenewRequest()
      request.certificateRequest = Data(pending.request)
      request.trusted = stored.trusted.map { Data($0.pin.bytes) }
      let chain = try await EnrollmentClient(addresses, tls: tls, group: group, logger: logger).renew(request)
      return try pending.accept(chain, from: stored.trusted, as: stored.identity, now: .now)
    }
  }
}
