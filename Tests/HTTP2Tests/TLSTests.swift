import Foundation
import HTTP2
import NIOCore
import Testing

/// Mutual TLS 1.3, and plaintext on loopback only.
@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  @Test func bothSidesKnowEachOther() async throws {
    let certificates = try await Certificates()
    let server = try await TestServer.start(tls: certificates.server)
    let connection = try await server.connect(tls: certificates.client)
    let reply = try await connection.exchange("/echo", body: ByteBuffer(repeating: 1, count: 500_000))
    #expect(reply.error == nil && reply.body.readableBytes == 500_000)
    let certificate = try #require(try await connection.onLoop { connection.peerCertificate })
    // DER of a certificate that names the address.
    #expect(certificate.starts(with: [0x30]) && Data(certificate).range(of: Data([0x87, 0x04, 127, 0, 0, 1])) != nil)
    await connection.shutdown()
    await server.server.shutdown()
  }

  @Test func nameIsCheckedAgainstTheCertificate() async throws {
    let certificates = try await Certificates()
    let server = try await TestServer.start(tls: certificates.named)
    for (name, isNamed) in [("agent.test", true), ("other.test", false), (nil, false)] {
      var tls = certificates.client
      tls.serverName = name
      let connection = try? await server.connect(tls: tls)
      #expect((connection != nil) == isNamed)
    }
    await server.server.shutdown()
  }

  @Test func clientOfAnotherAuthorityIsRefused() async throws {
    let (certificates, others) = (try await Certificates(), try await Certificates())
    let server = try await TestServer.start(tls: certificates.server)
    var tls = others.client
    tls.trustRoots = certificates.client.trustRoots
    let error = await #expect(throws: HTTP2Error.self) { try await server.connect(tls: tls) }
    #expect(error?.code == .tlsFailed && error?.maybeProcessed == false)
    #expect(server.log.paths.isEmpty)
    await server.server.shutdown()
  }

  @Test func clientWithoutCertificateIsRefused() async throws {
    let certificates = try await Certificates()
    let server = try await TestServer.start(tls: certificates.server)
    // nghttp presents none; it exits with 0 all the same.
    _ = try? await Tool.run("nghttp", ["-nv", "--timeout=5", "https://127.0.0.1:\(server.port)/echo"])
    #expect(server.log.paths.isEmpty)
    await server.server.shutdown()
  }

  @Test func serverOfAnotherAuthorityIsRefused() async throws {
    let (certificates, others) = (try await Certificates(), try await Certificates())
    let server = try await TestServer.start(tls: others.server)
    let error = await #expect(throws: HTTP2Error.self) { try await server.connect(tls: certificates.client) }
    #expect(error?.code == .tlsFailed)
    await server.server.shutdown()
  }

  @Test func plaintextClientOfATLSServerFails() async throws {
    let certificates = try await Certificates()
    let server = try await TestServer.start(tls: certificates.server)
    await #expect(throws: HTTP2Error.self) { try await server.connect() }
    await server.server.shutdown()
  }

  @Test func filesThatAreNotThereAreNamed() async throws {
    let tls = HTTP2TLS(trustRoots: "/nowhere/ca.pem", certificateChain: "/nowhere/a.pem", privateKey: "/nowhere/a.key")
    let error = await #expect(throws: HTTP2Error.self) { try await TestServer.start(tls: tls) }
    #expect(error?.code == .invalidConfiguration && error?.message.contains("/nowhere/a.key") == true)
  }

  @Test(arguments: ["0.0.0.0", "10.0.0.5", "::", "example.org", "192.168.127.1", "localhost.example.org"])
  func plaintextIsRefusedOffLoopback(host: String) async throws {
    let bound = await #expect(throws: HTTP2Error.self) { try await TestServer.start(host: host) }
    #expect(bound?.code == .plaintextRefused)
    let connected = await #expect(throws: HTTP2Error.self) {
      try await HTTP2Connection.connect(
        host: host, port: 1, tls: nil, on: loops.next(), timeout: .seconds(1), logger: quiet)
    }
    #expect(connected?.code == .plaintextRefused)
    #expect(connected?.message.contains(host) == true)
  }

  @Test(arguments: ["127.0.0.1", "127.8.9.10", "localhost"])
  func plaintextIsSpokenOnLoopback(host: String) async throws {
    let server = try await TestServer.start(host: host)
    let connection = try await server.connect(host: server.server.localAddress.ipAddress ?? host)
    #expect(try await connection.exchange("/echo", body: ByteBuffer(string: "x")).error == nil)
    await server.server.shutdown()
  }

  @Test func nobodyListens() async throws {
    let server = try await TestServer.start()
    let port = server.port
    await server.server.shutdown()
    let error = await #expect(throws: HTTP2Error.self) {
      try await HTTP2Connection.connect(
        host: "127.0.0.1", port: port, tls: nil, on: loops.next(), timeout: .seconds(5), logger: quiet)
    }
    #expect(error?.code == .connectFailed)
  }
}
