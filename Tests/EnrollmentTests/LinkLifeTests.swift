import Foundation
import HTTP2
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Enrollment

/// How long a link with our certificates lasts, and who is let in beyond what the authority signed.
@Suite(.timeLimit(.minutes(1))) struct LinkLifeTests {
  private let certificates = try? LinkTests()
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  private let loops = MultiThreadedEventLoopGroup.singleton

  private func listening(_ tls: HTTP2TLS) async throws -> HTTP2Server {
    try await HTTP2Server.bind(host: "127.0.0.1", port: 0, tls: tls, group: loops, logger: logger) { _, _, _ in
      LinkTests.Unanswered()
    }
  }

  private func connect(_ tls: HTTP2TLS, to server: HTTP2Server) async throws -> HTTP2Connection {
    try await HTTP2Connection.connect(
      host: "127.0.0.1", port: server.localAddress.port ?? 0, tls: tls, on: loops.next(), timeout: .seconds(10),
      logger: logger)
  }

  private func shown(by connection: HTTP2Connection) async throws -> LeafCertificate {
    let der = try await connection.eventLoop.submit { connection.peerCertificate }.get()
    return try LeafCertificate(der: try #require(der))
  }

  @Test func aLinkDrainsWhenThePeersCertificateRunsOut() async throws {
    let certificates = try #require(certificates)
    let authority = certificates.installation.authority
    let agent = try Installation.agent()
    let server = try await listening(certificates.tls(agent, by: authority))
    // In force for two seconds more.
    let client = try certificates.tls(
      Installation.coordinator(), by: authority, serverName: agent.serverName, issued: Date() - 598)
    let connection = try await connect(client, to: server)
    let began = Date()
    try await connection.closeFuture.get()
    // Certificates count whole seconds: in its last one it may be good for another link, which ends as soon.
    var isRefused = false
    while !isRefused, Date().timeIntervalSince(began) < 30 {
      do { try await connect(client, to: server).closeFuture.get() } catch is HTTP2Error { isRefused = true }
    }
    #expect(isRefused)
    await server.shutdown(grace: .zero)
  }

  @Test func thePolicyIsAskedAtTheStartAndAgain() async throws {
    let certificates = try #require(certificates)
    let authority = certificates.installation.authority
    let agent = try Installation.agent()
    let isWanted = Flag()
    let policy = PeerPolicy { _ in isWanted.value ? nil : "it is not wanted" }
    var tls = try certificates.tls(agent, by: authority)
    tls.policy = policy
    let server = try await listening(tls)
    var client = try certificates.tls(Installation.coordinator(), by: authority)
    client.isNameChecked = false
    await #expect(throws: HTTP2Error.self) { _ = try await connect(client, to: server) }
    isWanted.value = true
    let connection = try await connect(client, to: server)
    policy.reexamine()
    #expect(try await shown(by: connection).identity == agent)
    isWanted.value = false
    policy.reexamine()
    try await connection.closeFuture.get()
    await server.shutdown(grace: .zero)
  }

  /// Good until now: what runs may finish, and nobody comes anew.
  @Test func aPeerThatIsOutdatedDrains() async throws {
    let certificates = try #require(certificates)
    let authority = certificates.installation.authority
    let agent = try Installation.agent()
    let server = try await listening(certificates.tls(agent, by: authority))
    let isOutdated = Flag()
    let policy = PeerPolicy { _ in
      isOutdated.value
    } refusal: { _ in
      isOutdated.value ? "it is outdated" : nil
    }
    var client = try certificates.tls(Installation.coordinator(), by: authority)
    client.isNameChecked = false
    client.policy = policy
    let connection = try await connect(client, to: server)
    isOutdated.value = true
    policy.reexamine()
    #expect(try await connection.unusable.get().code == .draining)
    try await connection.closeFuture.get()
    await #expect(throws: HTTP2Error.self) { _ = try await connect(client, to: server) }
    await server.shutdown(grace: .zero)
  }

  @Test func newCertificatesAreShownToThoseWhoComeLater() async throws {
    let certificates = try #require(certificates)
    let authority = certificates.installation.authority
    let agent = try Installation.agent()
    let server = try await listening(certificates.tls(agent, by: authority))
    let client = try certificates.tls(Installation.coordinator(), by: authority, serverName: agent.serverName)
    let before = try await connect(client, to: server)
    let first = try await shown(by: before)
    try server.replace(certificates.tls(agent, by: authority))
    let after = try await connect(client, to: server)
    #expect(try await shown(by: after).serial != first.serial)
    #expect(throws: HTTP2Error.self) {
      try server.replace(HTTP2TLS(trustRoots: "/none", certificateChain: "/none", privateKey: "/none"))
    }
    let still = try await connect(client, to: server)
    // The one that was open is not disturbed.
    #expect(try await before.eventLoop.submit { before.isUsable }.get())
    for connection in [before, after, still] { await connection.shutdown(grace: .zero) }
    await server.shutdown(grace: .zero)
  }

  @Test func whoHasNothingYetKnowsTheServerByItsPin() async throws {
    let certificates = try #require(certificates)
    let authority = certificates.installation.authority
    var tls = try certificates.tls(Installation.coordinator(), by: authority)
    tls.isClientCertificateOptional = true
    let server = try await listening(tls)
    let right = ChainCheck { chain in
      (try? AuthorityCertificate.pinned(authority.pin, in: chain, now: .now)) != nil
    }
    let connection = try await connect(HTTP2TLS(check: right), to: server)
    await connection.shutdown(grace: .zero)
    let other = try Installation(now: Date()).authority
    let wrong = ChainCheck { chain in (try? AuthorityCertificate.pinned(other.pin, in: chain, now: .now)) != nil }
    await #expect(throws: HTTP2Error.self) { _ = try await connect(HTTP2TLS(check: wrong), to: server) }
    // A certificate need not be shown; one that is has to be good.
    let agent = try Installation.agent()
    var stranger = try certificates.tls(agent, by: other)
    stranger.isNameChecked = false
    stranger.trustRoots = tls.trustRoots
    await #expect(throws: HTTP2Error.self) { _ = try await connect(stranger, to: server) }
    await server.shutdown(grace: .zero)
  }
}

/// Sendable: an atomic.
private final class Flag: Sendable {
  private let flag = Atomic(false)

  var value: Bool {
    get { flag.load(ordering: .relaxed) }
    set { flag.store(newValue, ordering: .relaxed) }
  }
}
