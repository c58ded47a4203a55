import Testing

@testable import Enrollment

@Suite struct IdentityTests {
  @Test(
    arguments: [
      ("spiffe://scout/agent/dc1/web1", "web1.dc1.agent.scout"),
      ("spiffe://scout/agent/dc-1/db.rack2.example.com", "db.rack2.example.com.dc-1.agent.scout"),
      ("spiffe://prod.example.com/coordinator/main", "main.coordinator.prod.example.com"),
    ])
  func anIdentityIsItsURIAndItsServerName(uri: String, serverName: String) throws {
    let identity = try LinkIdentity(uri: uri)
    #expect(identity.uri == uri)
    #expect(identity.serverName == serverName)
  }

  @Test(
    arguments: [
      "", "spiffe://", "spiffe:///agent/dc1/web1", "spiffe://scout", "spiffe://scout/agent",
      "spiffe://scout/agent/web1",
      "spiffe://scout/agent/dc1/web1/", "spiffe://scout/agent/dc1/web1/x", "spiffe://scout/agent//web1",
      "spiffe://scout/coordinator/dc1/main", "spiffe://scout/coordinator/", "spiffe://scout/operator/main",
      "SPIFFE://scout/agent/dc1/web1", "https://scout/agent/dc1/web1", "spiffe://scout/agent/dc1/Web1",
      "spiffe://scout/agent/dc1/web1?x", "spiffe://scout/agent/dc1/web1#x", "spiffe://scout/agent/dc1/we%62",
      "spiffe://scout/agent/dc.1/web1", "spiffe://scout/agent/dc1/-web", "spiffe://scout/agent/dc1/web-",
      "spiffe://scout/agent/dc1/web..1", "spiffe://scout/agent/dc1/.web", "spiffe://scout/agent/dc1/web.",
      "spiffe://scout/agent/dc1/w\u{E9}b", "spiffe://scout/agent/dc1/w b", "spiffe://scout/agent/dc1/w\0b",
      "spiffe://scout/agent/dc1/*", "spiffe://scout:443/agent/dc1/web1", "spiffe://u@scout/agent/dc1/web1",
      "spiffe://scout/agent/dc1/" + String(repeating: "a", count: 65), "spiffe://" + String(repeating: "a", count: 600),
    ])
  func anyOtherFormIsRefused(uri: String) {
    #expect(refusal { _ = try LinkIdentity(uri: uri) } == .invalidName)
  }

  @Test func namesHaveTheirLengths() throws {
    let label = String(repeating: "a", count: 63)
    #expect(try LinkIdentity.agent(segment: label, name: label, in: .standard).segment == label)
    #expect(throws: EnrollmentError.self) { try LinkIdentity.agent(segment: label + "a", name: "b", in: .standard) }
    #expect(throws: EnrollmentError.self) { try LinkIdentity.coordinator(name: label + "a", in: .standard) }
    #expect(throws: EnrollmentError.self) { try TrustDomain("Scout") }
    #expect(TrustDomain.standard == (try TrustDomain("scout")))
  }

  @Test func messagesShowWhatWasGivenBoundedAndPrintable() throws {
    let hostile = "\u{1B}[2J\nlevel=error \u{202E}" + String(repeating: "x", count: 10_000)
    do {
      _ = try TrustDomain(hostile)
      Issue.record("taken")
    } catch {
      #expect(error.message.utf8.count < 200)
      #expect(error.message.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) })
    }
  }
}
