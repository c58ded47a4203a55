import Foundation
import HTTP2
import NIOCore
import Testing

/// nghttp2's own client and load generator (Debian's nghttp2-client) against the server.
@Suite(.timeLimit(.minutes(1)), .serialized) struct ToolTests {
  @Test func h2loadFindsNoFault() async throws {
    let server = try await TestServer.start()
    let report = try await Tool.run(
      "h2load", ["-n", "20000", "-c", "4", "-m", "64", "http://127.0.0.1:\(server.port)/echo"])
    #expect(report.contains("20000 succeeded, 0 failed, 0 errored, 0 timeout"))
    await server.server.shutdown()
  }

  @Test func h2loadReadsBulk() async throws {
    let server = try await TestServer.start()
    let report = try await Tool.run(
      "h2load", ["-n", "100", "-c", "2", "-m", "8", "http://127.0.0.1:\(server.port)/bulk/1000000"])
    #expect(report.contains("100 succeeded, 0 failed, 0 errored, 0 timeout"))
    #expect(report.contains("(100000000) data"))
    await server.server.shutdown()
  }

  @Test func nghttpShowsTheSettings() async throws {
    let server = try await TestServer.start()
    let body = FileManager.default.temporaryDirectory.appending(path: "scout-body-\(UUID().uuidString)")
    try Data("from nghttp".utf8).write(to: body)
    defer { try? FileManager.default.removeItem(at: body) }
    let report = try await Tool.run(
      "nghttp", ["-v", "--timeout=10", "-d", body.path, "http://127.0.0.1:\(server.port)/echo"])
    for line in [
      "SETTINGS_MAX_CONCURRENT_STREAMS(0x03):256", "SETTINGS_INITIAL_WINDOW_SIZE(0x04):1048576",
      "SETTINGS_MAX_HEADER_LIST_SIZE(0x06):16384", ":status: 200", "from nghttp", "grpc-status: 0",
    ] {
      #expect(report.contains(line), "\(line)")
    }
    await server.server.shutdown()
  }

  @Test func nghttpSpeaksMutualTLS() async throws {
    let certificates = try await Certificates()
    let server = try await TestServer.start(tls: certificates.server)
    let report = try await Tool.run(
      "nghttp",
      [
        "-v", "--timeout=10", "--cert=\(certificates.path("client.pem"))",
        "--key=\(certificates.path("client.key"))", "https://127.0.0.1:\(server.port)/echo",
      ])
    #expect(report.contains("The negotiated protocol: h2") && report.contains("grpc-status: 0"))
    await server.server.shutdown()
  }
}
