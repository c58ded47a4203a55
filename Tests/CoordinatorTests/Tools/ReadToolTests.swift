import AgentAPI
import FoundationEssentials
import MCP
import Synchronization
import Testing

@testable import Coordinator

@Suite struct ReadToolTests {
  private func agent(_ count: Int, _ file: (Int) -> String) -> VirtualAgent {
    VirtualAgent(hosts: (1...count).map { ("web\($0)", VirtualHost(["/etc/motd": file($0)])) })
  }

  @Test func oneFile() async throws {
    let agent = agent(1) { _ in "hello\n" }
    agent.change("web1") { $0.times["/etc/motd"] = 86_400 }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web1:/etc/motd"])
      #expect(!outcome.isError)
      let group = outcome.structured?["groups"]?[0]
      #expect(
        group == [
          "hosts": ["web1"], "path": "/etc/motd", "content": "hello\n", "encoding": "text", "size": 6, "offset": 0,
          "truncated": false, "modified": "1970-01-02T00:00:00Z",
        ])
      #expect(outcome.structured?["summary"] == ["asked": 1, "ok": 1, "failed": 0])
      #expect(outcome.structured?["failures"] == [])
      #expect(outcome.text == "== web1:/etc/motd (6 bytes, modified 1970-01-02T00:00:00Z)\nhello")
    }
  }

  @Test func equalFilesFoldWhateverTheirTimes() async throws {
    let agent = agent(5) { $0 == 3 ? "other" : "same" }
    agent.change("web2") { $0.times["/etc/motd"] = 60 }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web*:/etc/motd"])
      let groups = outcome.structured?["groups"]
      #expect(groups?[0]?["hosts"] == ["web1", "web2", "web4", "web5"])
      #expect(groups?[0]?["modified"] == "1970-01-01T00:01:00Z")
      #expect(groups?[0]?["modified_oldest"] == "1970-01-01T00:00:00Z")
      #expect(groups?[1]?["hosts"] == ["web3"])
      #expect(groups?[1]?["content"] == "other")
      #expect(
        outcome.text.hasPrefix("5 of 5 answered, 2 different answers.\n\n== web1, web2, web4, web5:/etc/motd [4 hosts]")
      )
    }
  }

  /// A sweep over everything waits behind who asks one host, where an agent has too much to do.
  @Test(arguments: [(3, CallImportance.interactive), (4, .batch)])
  func aCallOverMoreThanFitSideBySideIsABatch(hosts: Int, importance: CallImportance) async throws {
    var settings = CallSettings()
    settings.width = 3
    let agent = VirtualAgent(hosts: (0..<hosts).map { ("h\($0)", VirtualHost(["/a": "x"])) })
    try await withCoordinator(agent, settings: settings) { core in
      let outcome = try await core.call("read", ["target": "*:/a"])
      #expect(outcome.structured?["summary"]?["ok"] == .int(Int64(hosts)))
      #expect(agent.state.withLock { $0.importance } == [importance])
    }
  }

  @Test func failuresNameTheirHosts() async throws {
    let agent = agent(6) { _ in "x" }
    for host in ["web2", "web4"] {
      agent.change(host) {
        $0.failure = AgentError(code: .unreachable, message: "Cannot connect to \(host): refused.", phase: "tcp")
      }
    }
    agent.change("web5") { $0.files = [:] }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "*:/etc/motd"])
      #expect(!outcome.isError)
      #expect(outcome.structured?["summary"] == ["asked": 6, "ok": 3, "failed": 3])
      let failures = outcome.structured?["failures"]
      #expect(
        failures?[0] == [
          "host": "web2", "code": "unreachable", "message": "Cannot connect to web2: refused.", "phase": "tcp",
        ])
      #expect(failures?[2]?["code"] == "not_found")
      #expect(outcome.text.contains("!! web2, web4: Cannot connect to HOST: refused. [unreachable, in tcp]\n"))
      #expect(outcome.text.contains("!! web5: No such file: /etc/motd. [not_found]"))
    }
  }

  @Test func noAnswerIsAnError() async throws {
    try await withCoordinator(agent(2) { _ in "x" }) { core in
      let outcome = try await core.call("read", ["target": "web*:/nowhere"])
      #expect(outcome.isError)
      // For callers in this process: over MCP it is text alone.
      #expect(outcome.structured?["failures"]?.array?.count == 2)
      #expect(outcome.text == "0 of 2 answered.\n\n!! web1, web2: No such file: /nowhere. [not_found]")
      let unknown = try await core.call("read", ["target": "wbe1:/etc/motd"])
      #expect(unknown.isError)
      #expect(unknown.text.contains("Unknown host 'wbe1'. Did you mean web1, web2?"))
    }
  }

  @Test func partsGoOn() async throws {
    let text = (1...100).map { "line \($0) é\n" }.joined()
    try await withCoordinator(agent(1) { _ in text }) { core in
      var whole = ""
      var offset: Int64 = 0
      var rounds = 0
      while rounds < 200 {
        rounds += 1
        let outcome = try await core.call("read", ["target": "web1:/etc/motd", "offset": .int(offset), "limit": 37])
        let group = outcome.structured?["groups"]?[0]
        #expect(group?["encoding"] == "text")
        whole += group?["content"]?.string ?? ""
        guard group?["truncated"] == true else { break }
        offset = group?["next_offset"]?.integer ?? -1
        #expect(outcome.text.contains("Go on with offset \(offset)."))
      }
      #expect(whole == text)
      let head = try await core.call("read", ["target": "web1:/etc/motd", "head": 2])
      #expect(head.structured?["groups"]?[0]?["content"] == "line 1 é\nline 2 é\n")
      let tail = try await core.call("read", ["target": "web1:/etc/motd", "tail": 1, "sha256": true])
      #expect(tail.structured?["groups"]?[0]?["content"] == "line 100 é\n")
      #expect(tail.structured?["groups"]?[0]?["offset"] == .int(Int64(text.utf8.count - 12)))
      #expect(tail.structured?["groups"]?[0]?["sha256"] == .string(String(repeating: "ab", count: 32)))
    }
  }

  @Test func binaryComesAsBase64() async throws {
    let agent = agent(1) { _ in "" }
    agent.change("web1") { $0.files["/bin/x"] = Data([0x7F, 0x45, 0x4C, 0x46, 0xFF]) }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("read", ["target": "web1:/bin/x"])
      #expect(outcome.structured?["groups"]?[0]?["encoding"] == "base64")
      #expect(outcome.structured?["groups"]?[0]?["content"] == "f0VMRv8=")
      #expect(outcome.text.contains("base64"))
      let text = try await core.call("read", ["target": "web1:/bin/x", "encoding": "text"])
      #expect(text.structured?["groups"]?[0]?["note"]?.string?.contains("U+FFFD") == true)
      let empty = try await core.call("read", ["target": "web1:/etc/motd"])
      #expect(empty.structured?["groups"]?[0]?["content"] == "")
    }
  }

  @Test func theWholeAnswerIsBounded() async throws {
    let agent = agent(50) { "host \($0)\n" + String(repeating: "0123456789\n", count: 20_000) }
    try await withCoordinator(agent) { core in
      let one = try await core.call("read", ["target": "web1:/etc/motd"])
      #expect(one.structured?["groups"]?[0]?["content"]?.string?.utf8.count == 98_304)
      #expect(one.structured?["groups"]?[0]?["next_offset"] == 98_304)
      let more = try await core.call("read", ["target": "web1:/etc/motd", "limit": 200_000])
      #expect(more.structured?["groups"]?[0]?["content"]?.string?.utf8.count == 200_000)
      let many = try await core.call("read", ["target": "*:/etc/motd"])
      let groups = many.structured?["groups"]?.array ?? []
      #expect(groups.count == 50)
      let sizes = groups.map { $0["content"]?.string?.utf8.count ?? 0 }
      #expect(sizes.reduce(0, +) <= 98_304)
      #expect((sizes.min() ?? 0) > 1900)
      #expect(groups[0]["note"]?.string?.contains("or read fewer hosts at once") == true)
      #expect(many.text.utf8.count < 120_000)
    }
  }

  @Test func memoryIsBounded() async throws {
    var settings = CallSettings()
    settings.memoryLimit = 10_000
    let agent = agent(20) { "host \($0)\n" + String(repeating: "0123456789\n", count: 1000) }
    try await withCoordinator(agent, settings: settings) { core in
      let answer = try await core.read([.withPath("*:/etc/motd")], .init(), CallOptions(requestID: "r"))
      #expect(answer.summary.ok == 20)
      #expect(answer.groups.allSatisfy { $0.body.truncated })
      #expect(answer.groups.reduce(0) { $0 + $1.body.content.utf8.count } <= 20 * 10_000)
    }
  }

  @Test(
    arguments: [
      (["target": "web1:/a", "pth": "x"], "Unknown argument 'pth' of read."), ([:], "needs target"),
      (["target": "web1:/a", "limit": 0], "limit must be 1-1048576, got 0"),
      (["target": "web1:/a", "offset": -1], "offset must be at least 0, got -1"),
      (["target": "web1:/a", "head": 1, "tail": 1], "only one of"),
      (["target": "web1:/a", "encoding": "utf8"], "encoding must be one of auto, text, base64, got \"utf8\""),
      (["target": "web1:/a", "timeout_ms": 5], "timeout_ms must be 100-600000, got 5"),
      (["target": 5], "target must be a string, got 5"),
      (["targets": ["web1:/a", 7]], "targets must be a list of strings, got 7"),
      (["target": "web1:/a", "sha256": "yes"], "sha256 must be true or false"),
      (["target": "web1"], "Invalid target 'web1'. Expected 'host:/path'"),
    ] as [(JSONObject, String)])
  func argumentsAreChecked(_ arguments: JSONObject, _ words: String) async throws {
    try await withCoordinator(agent(1) { _ in "x" }) { core in
      let outcome = try await core.call("read", arguments)
      #expect(outcome.isError)
      #expect(outcome.text.contains(words), "\(outcome.text)")
    }
  }

  @Test func numbersMayComeAsStringsAndFloats() async throws {
    try await withCoordinator(agent(1) { _ in "0123456789" }) { core in
      let outcome = try await core.call("read", ["target": "web1:/etc/motd", "offset": "3", "limit": 4.0, "head": nil])
      #expect(outcome.structured?["groups"]?[0]?["content"] == "3456")
    }
  }

  @Test func rawStreamsPass() async throws {
    let agent = agent(2) { "content of \($0)" }
    try await withCoordinator(agent) { core in
      let collected = Collected()
      let info = try await core.stream(.withPath("web2:/etc/motd"), .init(), CallOptions(requestID: "r")) {
        collected.add($0)
      }
      #expect(String(decoding: collected.data, as: UTF8.self) == "content of 2")
      #expect(info.size == 12)
      await #expect(throws: TargetError.self) {
        try await core.stream(.withPath("web*:/etc/motd"), .init(), CallOptions(requestID: "r")) { _ in }
      }
      await #expect(throws: HostFailure.self) {
        try await core.stream(.withPath("web1:/none"), .init(), CallOptions(requestID: "r")) { _ in }
      }
    }
  }
}
