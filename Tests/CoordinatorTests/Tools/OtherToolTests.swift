import AgentAPI
import FoundationEssentials
import MCP
import Synchronization
import Testing

@testable import Coordinator

/// What a client that follows the log hears during a call.
@Suite struct CallLogTests {
  @Test func eachHostThatFailsIsLoggedAtOnce() async throws {
    let agent = VirtualAgent(hosts: (1...3).map { ("web\($0)", VirtualHost(["/a": "x"])) })
    agent.change("web2") { $0.failure = AgentError(code: .authFailed, message: "web2 refused the login") }
    try await withCoordinator(agent) { core in
      let messages = Mutex<[MCPLogMessage]>([])
      let context = MCPCallContext(
        requestID: "r", principal: "p", log: { message in messages.withLock { $0.append(message) } })
      let outcome = try await ToolSet(core: core).call("read", arguments: ["target": "*:/a"], context: context)
      #expect(!outcome.isError)
      let heard = messages.withLock { $0 }
      #expect(heard.map(\.level) == [.warning] && heard.first?.data["host"] == "web2", "\(heard)")
      #expect(heard.first?.data["code"] == "auth_failed" && heard.first?.data["tool"] == "read")
    }
  }
}

@Suite struct ListToolTests {
  private func agent(hosts: Int, entries: Int) -> VirtualAgent {
    var host = VirtualHost()
    for index in 0..<entries { host.files["/d/" + String(100_000 + index)] = Data(count: index % 10) }
    host.files["/d/odd\u{1B}name"] = Data()
    return VirtualAgent(hosts: (1...hosts).map { ("web\($0)", host) })
  }

  @Test func listsAndFolds() async throws {
    let agent = agent(hosts: 3, entries: 2)
    agent.change("web2") { $0.times["/d/100001"] = 3600 }
    agent.change("web3") { $0.files["/d/extra"] = Data() }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("list", ["target": "*:/d"])
      let groups = outcome.structured?["groups"]
      #expect(groups?[0]?["hosts"] == ["web1", "web2"])
      #expect(
        groups?[0]?["entries"]?[1] == [
          "name": "100001", "type": "file", "size": 1, "mode": "0644", "modified": "1970-01-01T01:00:00Z",
          "modified_oldest": "1970-01-01T00:00:00Z",
        ])
      #expect(groups?[1]?["hosts"] == ["web3"])
      #expect(groups?[1]?["total"] == 4)
      #expect(outcome.text.contains("-0644 1 1970-01-01T01:00:00Z~ 100001\n"))
      #expect(outcome.text.contains("odd\\x1bname"))
    }
  }

  @Test func largeDirectoriesGoOn() async throws {
    try await withCoordinator(agent(hosts: 1, entries: 50_000)) { core in
      let outcome = try await core.call("list", ["target": "web1:/d"])
      let group = outcome.structured?["groups"]?[0]
      let shown = group?["entries"]?.array?.count ?? 0
      #expect(shown > 500 && shown <= 1000)
      #expect(group?["truncated"] == true)
      #expect(group?["total"] == 50_001)
      #expect(
        group?["note"]?.string == "Entries 0 to \(shown) of 50001. Go on with skip \(shown), or give a larger limit.")
      let next = try await core.call("list", ["target": "web1:/d", "skip": .int(Int64(shown)), "limit": 5])
      #expect(next.structured?["groups"]?[0]?["entries"]?[0]?["name"] == .string(String(100_000 + shown)))
      let all = try await core.call("list", ["target": "web1:/d", "limit": 5000])
      #expect(all.structured?["groups"]?[0]?["entries"]?.array?.count == 5000)
    }
  }

  /// Where there is nothing to go on with, nobody is told to.
  @Test func whatWasNotLookedAtIsSaid() async throws {
    let agent = agent(hosts: 3, entries: 2)
    agent.change("web2") { $0.listingStop = .outOfTime }
    agent.change("web3") { $0.listingStop = .atItsBound }
    try await withCoordinator(agent) { core in
      let groups = try await core.call("list", ["target": "*:/d"]).structured?["groups"]?.array ?? []
      let notes = Dictionary(uniqueKeysWithValues: groups.map { ($0["hosts"]?[0]?.string ?? "", $0["note"]?.string) })
      #expect(groups.count == 3 && notes["web1"] == .some(nil))
      #expect(notes["web2"]??.hasPrefix("The time ran out") == true && notes["web2"]??.contains("skip") == false)
      #expect(notes["web3"]??.hasPrefix("The agent looks at so many entries at most") == true)
      #expect(groups.dropFirst().allSatisfy { $0["truncated"] == true })
    }
  }

  @Test func aFileIsNotADirectory() async throws {
    try await withCoordinator(agent(hosts: 1, entries: 1)) { core in
      let outcome = try await core.call("list", ["target": "web1:/d/100000"])
      #expect(outcome.isError)
      #expect(outcome.text.contains("use read. [not_a_directory]"))
      #expect(try await core.call("read", ["target": "web1:/d"]).text.contains("use list. [not_a_file]"))
    }
  }
}

@Suite struct QueryToolTests {
  private let agent = VirtualAgent(
    hosts: (1...4).map { ("db\($0)", VirtualHost($0 == 2 ? [:] : ["/etc/motd": "hello\n"])) })

  @Test func exitCodesAreAnswers() async throws {
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("query", ["target": "db*", "command": ["cat", "/etc/motd"]])
      #expect(!outcome.isError)
      let groups = outcome.structured?["groups"]
      #expect(
        groups?[0] == [
          "hosts": ["db1", "db3", "db4"], "exit_code": 0, "stdout": "hello\n", "stderr": "", "encoding": "text",
          "truncated": false, "duration_ms": 3,
        ])
      #expect(groups?[1]?["exit_code"] == 1)
      #expect(groups?[1]?["stderr"] == "cat: /etc/motd: No such file or directory\n")
      #expect(outcome.text.contains("== db1, db3, db4 [3 hosts] (exit code 0, 3 ms)\nhello\n"))
      #expect(outcome.text.contains("[stderr]\ncat: /etc/motd"))
    }
  }

  @Test func aLineIsSplitWithoutAShell() async throws {
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("query", ["target": "db1", "command": "echo 'a  b' $ \"c;d\""])
      #expect(outcome.structured?["groups"]?[0]?["stdout"] == "a  b $ c;d\n")
      let refused = try await core.call("query", ["target": "db1", "command": "echo a; rm -rf /"])
      #expect(refused.isError)
      #expect(
        refused.text
          == "No shell runs here, so ';' has no meaning: quote it if it is data, otherwise give one plain command (at character 7 of command)"
      )
      #expect(
        try await core.call("query", ["target": "db1", "command": 5]).text.contains("a list of words, or one line"))
      #expect(try await core.call("query", ["target": "db1"]).text.contains("query needs command"))
      #expect(
        try await core.call("query", ["target": "db1:/x", "command": "echo"]).text.contains(
          "where only hosts are named"))
      #expect(try await core.call("query", ["target": "db1", "command": []]).text == "command cannot be empty")
    }
  }

  @Test func refusalByPolicyReadsAsOne() async throws {
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("query", ["target": "*", "command": "rm x"])
      #expect(outcome.isError)
      #expect(
        outcome.text
          == "0 of 4 answered.\n\n!! db1, db2, db3, db4: Command 'rm' not allowed. Allowed commands: cat, echo [refused_by_policy]"
      )
    }
  }

  @Test func binaryOutputAndSilence() async throws {
    agent.change("db1") { $0.files["/bin"] = Data([0xFF, 0xFE]) }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("query", ["target": "db1", "command": ["cat", "/bin"]])
      #expect(outcome.structured?["groups"]?[0]?["encoding"] == "base64")
      #expect(outcome.structured?["groups"]?[0]?["stdout"] == "//4=")
      #expect(
        try await core.call("query", ["target": "db1", "command": "exit 3"]).text
          == "== db1 (exit code 3, 3 ms)\n(no output)")
    }
  }
}

@Suite struct HostsToolTests {
  @Test func tellsWhatIsKnown() async throws {
    let agent = VirtualAgent(segment: "dc1", hosts: [("web1", VirtualHost()), ("db1", VirtualHost())])
    agent.change("web1") { $0.labels = ["role": "web"] }
    agent.change("db1") { $0.p50 = 1.25 }
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("hosts", [:])
      let hosts = outcome.structured?["hosts"]
      #expect(
        hosts?[0] == [
          "host": "web1", "segment": "dc1", "address": "ops@web1.test:22", "status": "unknown", "agents": ["agent1"],
          "labels": ["role": "web"],
        ])
      #expect(hosts?[1]?["p50_ms"] == 1.3)
      #expect(outcome.structured?["summary"] == ["matched": 2, "shown": 2])
      #expect(outcome.structured?["agents"]?[0]?["healthy"] == true)
      #expect(outcome.text.contains("  web1  unknown  ops@web1.test:22  segment dc1  @role=web\n"))
      #expect(try await core.call("hosts", ["select": "@role=web"]).structured?["hosts"]?.array?.count == 1)
      let none = try await core.call("hosts", ["select": "zzz*"])
      #expect(none.isError)
      #expect(none.text.contains("matches none of the 2 known hosts"))
      #expect(agent.state.withLock { $0.calls } == 0)
    }
  }

  @Test func manyHostsAreBounded() async throws {
    let agent = VirtualAgent(hosts: (1...3000).map { ("host-with-a-name-\($0)", VirtualHost()) })
    try await withCoordinator(agent) { core in
      let outcome = try await core.call("hosts", [:])
      #expect((outcome.structured?.serialized().count ?? 0) < 110_000)
      #expect(outcome.structured?["note"]?.string?.contains("of 3000 hosts. Narrow with select") == true)
      #expect(try await core.call("hosts", ["select": "*2999"]).structured?["hosts"]?.array?.count == 1)
    }
  }
}
