import Foundation
import HTTP2
import Logging
import NIOCore
import NIOPosix
import SystemPackage
import TestFleet
import Testing

@testable import Enrollment

/// Our certificates on a real link: mutual TLS 1.3 of the coordinator (client) and an agent (server).
@Suite(.timeLimit(.minutes(1))) struct LinkTests {
  let installation: Installation

  init() throws {
    // TLS verifies at the real time; the authority is an hour old.
    installation = try Installation(now: Date() - 3600)
  }

  /// Confined to its event loop. Answers nothing.
  final class Unanswered: HTTP2StreamHandler {
    func received(head: [HTTP2Header], endStream: Bool) {}
    func received(data: ByteBuffer, endStream: Bool) {}
    func received(trailers: [HTTP2Header]) {}
    func writable() {}
    func closed(_ error: HTTP2Error?) {}
  }

  /// - Parameter issued: a certificate lasts 600 s from then.
  func tls(
    _ identity: LinkIdentity, by authority: Authority, serverName: String? = nil, issued: Date = Date()
  ) throws -> HTTP2TLS {
    let folder = installation.scratch.path.appending(UUID().uuidString)
    let stored = try CertificateStore(folder).install(authority.issueWithKey(identity, life: 600, now: issued))
    return HTTP2TLS(
      trustRoots: installation.authority.path.appending("authority.pem").string, certificateChain: stored.chainFile,
      privateKey: stored.keyFile, serverName: serverName)
  }

  /// The certificate that the agent shows to a client with `tls`; an error where there is no link.
  private func link(_ client: HTTP2TLS, to server: HTTP2TLS) async throws -> LeafCertificate {
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let loops = MultiThreadedEventLoopGroup.singleton
    let listener = try await HTTP2Server.bind(
      host: "127.0.0.1", port: 0, tls: server, settings: HTTP2Settings(), group: loops, logger: logger
    ) { _, _, _ in Unanswered() }
    do {
      let connection = try await HTTP2Connection.connect(
        host: "127.0.0.1", port: listener.localAddress.port ?? 0, tls: client, settings: HTTP2Settings(),
        on: loops.next(), timeout: .seconds(10), logger: logger)
      let shown = try await connection.eventLoop.submit { connection.peerCertificate }.get()
      await connection.shutdown()
      await listener.shutdown()
      return try LeafCertificate(der: try #require(shown))
    } catch {
      await listener.shutdown()
      throw error
    }
  }

  @Test func bothEndsAreKnownByTheirCertificates() async throws {
    let agent = try Installation.agent()
    let server = try tls(agent, by: installation.authority)
    let client = try tls(Installation.coordinator(), by: installation.authority, serverName: agent.serverName)
    let shown = try await link(client, to: server)
    #expect(shown.identity == agent)
    try installation.authority.certificate.check(shown, now: Date())
  }

  @Test func anotherAgentOfTheSameAuthorityIsRefused() async throws {
    let server = try tls(Installation.agent("web2"), by: installation.authority)
    let client = try tls(
      Installation.coordinator(), by: installation.authority, serverName: Installation.agent("web1").serverName)
    await #expect(throws: HTTP2Error.self) { try await link(client, to: server) }
  }

  @Test func aStrangerIsRefusedOnEitherSide() async throws {
    let foreign = try Installation(now: Date()).authority
    let agent = try Installation.agent()
    let (good, bad) = (try tls(agent, by: installation.authority), try tls(agent, by: foreign))
    let coordinator = try Installation.coordinator()
    let client = try tls(coordinator, by: installation.authority, serverName: agent.serverName)
    let stranger = try tls(coordinator, by: foreign, serverName: agent.serverName)
    await #expect(throws: HTTP2Error.self) { try await link(client, to: bad) }
    await #expect(throws: HTTP2Error.self) { try await link(stranger, to: good) }
  }

  /// A key that openssl(1) made, of the other kind that is allowed.
  @Test func aKeyOfP384IsTakenByTLSToo() async throws {
    let folder = installation.scratch.path
    let (key, request) = (folder.appending("p384.key").string, folder.appending("p384.csr").string)
    let run = try await programRun(
      "/usr/bin/openssl",
      ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj", "/CN=x"] + [
        "-keyout", key, "-out", request,
      ])
    #expect(run.status == 0, "\(run.output)")
    let agent = try Installation.agent()
    let issued = try installation.authority.issue(
      agent, for: CertificateRequest(Array(Data(contentsOf: URL(filePath: request)))), now: Date())
    let chain = folder.appending("p384.pem").string
    try Data((issued.leaf.pem + issued.authority.pem).utf8).write(to: URL(filePath: chain))
    let roots = installation.authority.path.appending("authority.pem").string
    let server = HTTP2TLS(trustRoots: roots, certificateChain: chain, privateKey: key)
    let client = try tls(Installation.coordinator(), by: installation.authority, serverName: agent.serverName)
    #expect(try await link(client, to: server) == issued.leaf)
  }
}
