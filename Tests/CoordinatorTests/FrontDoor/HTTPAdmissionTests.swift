import Coordinator
import Foundation
import MCP
import NIOHTTP1
import NIOSSL
import Testing

/// Who may come in, and how much.
@Suite struct HTTPAdmissionTests {
  typealias Request = DoorClient.Request

  @Test func withKeysACallWithoutOneIsRefusedFirst() async throws {
    try await RunningDoor.with {
      $0.apiKeys = try APIKey.list("ops:correct-horse, second-key")
    } _: { door in
      for request in [
        Request.call("echo"), Request.call("echo").with("X-API-Key", "wrong"),
        Request.call("echo").with("Authorization", "Bearer correct-horse2"),
        Request.call("echo").with("Authorization", "Basic correct-horse"),
        Request.call("echo").with("Host", "evil.example"), Request(path: "/mcp?api_key=correct-horse"),
        Request.get("/metrics"),
      ] {
        let answer = try await door.client.send(request)
        #expect(answer.status == 401, "\(answer)")
        #expect(answer.headers.first(name: "www-authenticate")?.hasPrefix("Bearer") == true)
      }
      #expect(door.tools.started == 0)
      let named = try await door.client.send(Request.call("echo").with("X-API-Key", "correct-horse"))
      #expect(named.json["result"]?["structuredContent"]?["text"] == "ops")
      let bearer = try await door.client.send(Request.call("echo").with("Authorization", "bearer second-key"))
      #expect(bearer.json["result"]?["structuredContent"]?["text"]?.string?.hasPrefix("key-") == true)
      try await door.expect(200, Request.get("/metrics").with("X-API-Key", "second-key"))
      try await door.expect(200, .get("/health"))
      try await door.expect(403, Request.call("echo").with("X-API-Key", "second-key").with("Host", "evil.example"))
    }
  }

  @Test func aSessionBelongsToItsPrincipal() async throws {
    try await RunningDoor.with {
      $0.apiKeys = try APIKey.list("a:first,b:second")
    } _: { door in
      let id = try await door.session("2025-11-25", [("X-API-Key", "first")])
      let list = Request.legacy("tools/list", session: id)
      try await door.expect(200, list.with("X-API-Key", "first"))
      try await door.expect(404, list.with("X-API-Key", "second"))
    }
  }

  @Test func configuredHostsAndOriginsComeIn() async throws {
    try await RunningDoor.with {
      $0.allowedHosts = ["scout.example"]
      $0.allowedOrigins = ["https://app.example"]
    } _: { door in
      let request = Request.call("echo").with("Host", "Scout.example:8000").with("Origin", "https://app.example")
      try await door.expect(200, request)
      try await door.expect(403, request.with("Origin", "https://app.example.evil"))
    }
  }

  /// A browser asks before a page of another origin may send its call, and shows the page the answer only where that says so.
  @Test func pagesOfAllowedOriginsAreAnswered() async throws {
    try await RunningDoor.with {
      $0.apiKeys = try APIKey.list("ops:key")
      $0.allowedOrigins = ["https://app.example"]
    } _: { door in
      func preflight(_ origin: String) -> Request {
        Request(method: .OPTIONS, headers: [("Origin", origin), ("Access-Control-Request-Method", "POST")])
      }
      for origin in ["https://app.example", "http://localhost:6274"] {
        let permission = try await door.client.send(preflight(origin))
        #expect(permission.status == 204 && permission.headers.first(name: "content-length") == nil)
        #expect(permission.headers.first(name: "access-control-allow-origin") == origin)
        let allowed = permission.headers.first(name: "access-control-allow-headers") ?? ""
        for name in [
          "authorization", "x-api-key", "content-type", "mcp-session-id", "mcp-protocol-version", "mcp-method",
        ] {
          #expect(allowed.contains(name))
        }
        let call = Request.call("echo").with("Origin", origin)
        for (status, request) in [(401, call), (200, call.with("X-API-Key", "key"))] {
          let answer = try await door.client.send(request)
          #expect(answer.status == status)
          #expect(answer.headers.first(name: "access-control-allow-origin") == origin)
          #expect(answer.headers.first(name: "access-control-expose-headers")?.contains("mcp-session-id") == true)
          #expect(answer.headers.first(name: "vary") == "origin")
        }
      }
      for request in [preflight("https://evil.example"), Request.call("echo").with("Origin", "https://evil.example")] {
        let answer = try await door.client.send(request.with("X-API-Key", "key"))
        #expect(answer.status == 403 && answer.headers.first(name: "access-control-allow-origin") == nil)
      }
      let plain = try await door.client.send(Request.call("echo").with("X-API-Key", "key"))
      #expect(plain.status == 200 && plain.headers.first(name: "vary") == nil)
    }
  }

  /// What follows on the connection would else be taken for the body.
  @Test func headHasNoBody() async throws {
    try await RunningDoor.with { door in
      for path in ["/mcp", "/health", "/metrics", "/nope"] {
        let answer = try await door.client.send(Request(method: .HEAD, path: path))
        #expect(answer.body.isEmpty && answer.headers.first(name: "content-length") != "0", "\(answer)")
      }
    }
  }

  @Test(arguments: ["scout.example.org:8000", "https://scout.example.org", "fd00::1", "a/b", ""])
  func namesThatNoRequestHasAreRefused(_ name: String) throws {
    var settings = FrontDoorSettings()
    settings.allowedHosts = [name]
    #expect(throws: FrontDoorSettingsError.self) { try settings.validate() }
    settings.allowedHosts = ["scout.example.org", "10.0.0.1", "[fd00::1]", "*"]
    try settings.validate()
  }

  @Test func bodiesAreBounded() async throws {
    try await RunningDoor.with {
      $0.limits.body = 2048
    } _: { door in
      let big = Request.call("echo", ["text": .string(String(repeating: "x", count: 5000))])
      let announced = try await door.client.send(big)
      #expect(announced.status == 413)
      let chunked = try await door.client.send(big.with("Content-Length", nil).with("Transfer-Encoding", "chunked"))
      #expect(chunked.status == 413)
      try await door.expect(200, .call("echo"))
    }
  }

  @Test func expectationsAreMet() async throws {
    try await RunningDoor.with { door in
      try await door.expect(200, Request.call("echo").with("Expect", "100-continue"))
    }
  }

  @Test func callsAtOnceAreBounded() async throws {
    try await RunningDoor.with {
      $0.limits.calls = 2
    } _: { door in
      let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<6 { group.addTask { try await door.client.send(.call("slow", ["ms": 800])).status } }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(statuses.filter { $0 == 200 }.count == 2)
      #expect(statuses.filter { $0 == 503 }.count == 4)
      try await door.expect(200, .call("echo"))
    }
  }

  @Test func ratesAreBounded() async throws {
    try await RunningDoor.with {
      $0.apiKeys = try APIKey.list("a:first,b:second")
      $0.limits.requestsPerMinute = 6
      $0.limits.burst = 3
    } _: { door in
      let request = Request.call("echo").with("X-API-Key", "first")
      for _ in 0..<3 { try await door.expect(200, request) }
      let refused = try await door.client.send(request)
      #expect(refused.status == 429)
      let wait = try #require(refused.headers.first(name: "retry-after").flatMap { Int($0) })
      #expect((1...10).contains(wait))
      try await door.expect(200, request.with("X-API-Key", "second"))
    }
  }

  /// Where there are no keys, requests of an address are counted: behind a proxy of the one that it wrote last.
  @Test(arguments: [true, false]) func forwardedAddressesAreBelievedBehindAProxyOnly(_ behindProxy: Bool) async throws {
    try await RunningDoor.with {
      $0.behindProxy = behindProxy
      $0.limits.requestsPerMinute = 6
      $0.limits.burst = 1
    } _: { door in
      func from(_ addresses: String) -> Request { Request.call("echo").with("X-Forwarded-For", addresses) }
      try await door.expect(200, from("192.0.2.1"))
      // What a client wrote itself stands before what the proxy added.
      try await door.expect(429, from("192.0.2.7, 192.0.2.1"))
      try await door.expect(behindProxy ? 200 : 429, from("192.0.2.1, 192.0.2.2"))
    }
  }

  @Test func anyHostIsLetInWhereSettingsSaySo() async throws {
    try await RunningDoor.with {
      $0.allowedHosts = ["*"]
    } _: { door in
      let request = Request.call("echo").with("Host", "whatever.example:8000")
      try await door.expect(200, request)
      try await door.expect(403, request.with("Origin", "https://whatever.example"))
    }
  }

  @Test func tlsIsServed() async throws {
    let files = try await TestCertificate.make()
    defer { files.remove() }
    try await RunningDoor.with {
      $0.tls = .init(certificate: files.certificate, key: files.key)
    } _: { door in
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.trustRoots = .file(files.certificate)
      configuration.certificateVerification = .noHostnameVerification
      var client = door.client
      client.tls = try NIOSSLContext(configuration: configuration)
      try await door.expect(200, .call("echo", ["text": "sealed"]), by: client)
      await #expect(throws: (any Error).self) { try await door.client.send(.call("echo")) }
      // A client that goes away behind TLS is noticed as well.
      try await client.open(.call("progress", ["steps": 1000, "ms": 20], token: 1)) { _ = try await $0.next() }
      try await door.expectEventually { door.tools.cancelled == 1 }
    }
  }
}

/// A self-signed certificate for 127.0.0.1, made by openssl.
struct TestCertificate {
  let folder: URL
  var certificate: String { folder.appendingPathComponent("cert.pem").path }
  var key: String { folder.appendingPathComponent("key.pem").path }

  static func make() async throws -> TestCertificate {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("door-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let files = TestCertificate(folder: folder)
    let made = try await Command.run(
      "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-out", files.certificate, "-keyout", files.key,
      ])
    #expect(made.status == 0, "\(made.output)")
    return files
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }
}
