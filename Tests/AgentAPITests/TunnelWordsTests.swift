import HTTP2
import Testing

@testable import AgentAPI

/// Who an agent is, and the two lines that are said before HTTP/2.
@Suite struct TunnelWordsTests {
  @Test(arguments: [
    ("spiffe://scout/agent/dc1/a", "dc1/a"),
    ("spiffe://example.org/agent/dc-1/web_1.x", "dc-1/web_1.x"),
    ("spiffe://scout/agent/dc1/\(String(repeating: "n", count: 64))", "dc1/\(String(repeating: "n", count: 64))"),
    ("spiffe://scout/agent/dc1/\(String(repeating: "n", count: 65))", nil),
    ("spiffe://scout/coordinator/c1", nil), ("spiffe://scout/coordinator/dc1/a", nil),
    ("spiffe://scout/agent/dc1", nil),
    ("spiffe://scout/agent/dc1/a/b", nil), ("spiffe://scout/agent/dc1/", nil), ("spiffe://scout/agent//a", nil),
    ("spiffe:///agent/dc1/a", nil), ("spiffe://Scout/agent/dc1/a", nil), ("spiffe://scout:443/agent/dc1/a", nil),
    ("https://scout/agent/dc1/a", nil), ("spiffe://scout/agent/../a", nil), ("spiffe://scout/agent/dc1/a?x=1", nil),
    ("spiffe://scout/agent/dc1/%61", nil), ("spiffe://scout/agent/dc1/a\n", nil), ("spiffe://scout/agent/dc1/ä", nil),
    ("", nil),
  ])
  func identitiesComeFromSPIFFEIDs(uri: String, expected: String?) {
    #expect(AgentIdentity(uri: uri)?.description == expected)
  }

  @Test func aCertificateNamesOneAgentAlone() {
    let uri = "spiffe://scout/agent/dc1/a"
    #expect(AgentIdentity(certificateURIs: [uri]) != nil)
    #expect(AgentIdentity(certificateURIs: []) == nil)
    #expect(AgentIdentity(certificateURIs: [uri, uri]) == nil)
    #expect(AgentIdentity(certificateURIs: [uri, "https://example.org"]) == nil)
  }

  @Test func aHelloComesBack() throws {
    let hello = TunnelHello(identity: try #require(AgentIdentity(segment: "dc1", name: "a")))
    #expect(hello.line == "scout-agent 1 dc1 a")
    #expect(TunnelHello(line: hello.line) == hello)
    #expect(TunnelHello(line: "scout-agent 2 dc1 a with=more words")?.version == 2)
  }

  /// Coordinators from before priorities pass the word over, and agents from before say none.
  @Test(arguments: [
    ("scout-agent 1 dc1 a", 0), ("scout-agent 1 dc1 a priority=2", 2), ("scout-agent 1 dc1 a new=1 priority=3", 3),
    ("scout-agent 1 dc1 a priority=4", 0), ("scout-agent 1 dc1 a priority=-1", 0), ("scout-agent 1 dc1 a priority=", 0),
    ("scout-agent 1 dc1 a priority=99999999999999999999", 0), ("scout-agent 1 dc1 a PRIORITY=1", 0),
  ])
  func prioritiesAreWordsBehindTheFourth(line: String, priority: Int) {
    #expect(TunnelHello(line: line)?.priority == priority)
  }

  @Test func aHelloWithAPriorityComesBack() throws {
    let hello = TunnelHello(identity: try #require(AgentIdentity(segment: "dc1", name: "a")), priority: 1)
    #expect(hello.line == "scout-agent 1 dc1 a priority=1")
    #expect(TunnelHello(line: hello.line) == hello)
  }

  @Test(arguments: [
    "", "scout-agent", "scout-agent 1 dc1", "scout-agent 0 dc1 a", "scout-agent -1 dc1 a", "scout-agent x dc1 a",
    "scout-agent 1  a", "scout-agent 1 dc1 a\r", "scout-agent 1 .. a", "GET / HTTP/1.1\r", "PRI * HTTP/2.0\r",
    "scout-agent 99999999999999999999 dc1 a",
  ])
  func whatIsNoHelloIsNone(line: String) {
    #expect(TunnelHello(line: line) == nil)
  }

  @Test func answersComeBack() {
    for answer in [TunnelAnswer.welcome, .refused("go away, please")] {
      #expect(TunnelAnswer(line: answer.line) == answer)
    }
    #expect(TunnelAnswer(line: "scout-coordinator refused") == .refused("it does not say why"))
    for line in ["", "welcome", "scout-coordinator", "scout-coordinator hello", "HTTP/1.1 400 Bad Request\r"] {
      #expect(TunnelAnswer(line: line) == nil)
    }
  }
}
