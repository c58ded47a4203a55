import Testing

@testable import MCP

struct OriginPolicyTests {
  static let policy = OriginPolicy(hosts: ["Scout.Example.org"], origins: ["https://app.example.org"])

  @Test(
    arguments: [
      ("127.0.0.1:8000", nil), ("localhost", nil), ("LOCALHOST:1", nil), ("[::1]:8000", nil),
      ("scout.example.org:443", nil),
      ("127.0.0.1:8000", "http://localhost:3000"), ("127.0.0.1:8000", "https://127.0.0.1"),
      ("localhost", "http://[::1]:80"),
      ("localhost", "HTTPS://app.example.org"),
    ] as [(String, String?)])
  func admits(_ host: String, _ origin: String?) {
    #expect(Self.policy.refusal(host: [host], origin: origin.map { [$0] } ?? []) == nil)
  }

  @Test(
    arguments: [
      ("evil.example.org", nil), ("127.0.0.1.evil.org", nil), ("", nil), ("localhost:x", nil), ("localhost:99999", nil),
      ("user@localhost", nil), ("localhost/", nil), ("[::1", nil), ("[::1]x", nil), ("localhost:+1", nil),
      ("127.0.0.2", nil),
      ("localhost", "null"), ("localhost", ""), ("localhost", "http://evil.org"),
      ("localhost", "http://localhost.evil.org"),
      ("localhost", "http://localhost@evil.org"), ("localhost", "https://app.example.org.evil.org"),
      ("localhost", "http://app.example.org"), ("localhost", "file://localhost"),
      ("localhost", "http://localhost:80/x"),
    ] as [(String, String?)])
  func refuses(_ host: String, _ origin: String?) {
    #expect(Self.policy.refusal(host: [host], origin: origin.map { [$0] } ?? []) != nil)
  }

  @Test func countsLines() {
    #expect(Self.policy.refusal(host: [], origin: []) != nil)
    #expect(Self.policy.refusal(host: ["localhost", "localhost"], origin: []) != nil)
    #expect(Self.policy.refusal(host: ["localhost"], origin: ["http://localhost", "http://localhost"]) != nil)
    #expect(OriginPolicy(hosts: nil).refusal(host: ["anything.example"], origin: []) == nil)
    #expect(OriginPolicy(hosts: nil).refusal(host: ["anything.example"], origin: ["http://evil.org"]) != nil)
  }
}
