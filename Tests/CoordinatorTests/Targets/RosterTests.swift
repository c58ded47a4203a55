import Testing

@testable import AgentAPI
@testable import Coordinator

@Suite struct RosterTests {
  private static let roster = Roster(reports: [
    report(0, "dc1", "web1", ["role": "web", "env": "prod"]), report(0, "dc1", "web2", ["role": "web", "env": "test"]),
    report(0, "dc1", "db1", ["role": "db", "env": "prod"]), report(1, "dc2", "web1", ["role": "web", "env": "prod"]),
    report(1, "dc2", "mail", [:]), report(2, "dc1", "db1", [:]), report(2, "dc1", "odd[1]", [:]),
  ])

  private static func report(_ agent: Int, _ segment: String, _ alias: String, _ labels: [String: String])
    -> Roster.Report
  {
    Roster.Report(agent: agent, id: HostID(segment: segment, alias: alias), labels: labels)
  }

  private func names(_ selector: String) throws -> [String] {
    let roster = Self.roster
    return try roster.select(HostSelector(selector)).get().map { roster.hosts[$0].name }
  }

  private func message(_ selector: String, in roster: Roster = RosterTests.roster) throws -> String {
    guard case .failure(let failure) = roster.select(try HostSelector(selector)) else { return "" }
    #expect(failure.host == selector)
    return failure.message
  }

  @Test func namesWhatIsAmbiguousBySegment() {
    #expect(Self.roster.hosts.map(\.name) == ["dc1/web1", "web2", "db1", "dc2/web1", "mail", "odd[1]"])
  }

  @Test func mergesAgentsOfOneSegment() {
    #expect(Self.roster.hosts[2].agents == [0, 2])
    #expect(Self.roster.hosts[2].labels == ["role": "db", "env": "prod"])
  }

  @Test(arguments: [
    ("web2", ["web2"]), ("dc1/web1", ["dc1/web1"]), ("*/web1", ["dc1/web1", "dc2/web1"]),
    ("web*", ["dc1/web1", "web2", "dc2/web1"]), ("dc2/*", ["dc2/web1", "mail"]), ("{db1,mail}", ["db1", "mail"]),
    ("@role=web", ["dc1/web1", "web2", "dc2/web1"]), ("@role=web,env=prod", ["dc1/web1", "dc2/web1"]),
    ("dc1/@env=prod", ["dc1/web1", "db1"]), ("@env", ["dc1/web1", "web2", "db1", "dc2/web1"]), ("odd[1]", ["odd[1]"]),
  ])
  func selects(_ selector: String, _ expected: [String]) throws {
    #expect(try names(selector) == expected)
  }

  @Test(arguments: [
    ("web1", "write dc1/web1 or dc2/web1, or */web1"), ("wbe2", "Did you mean web2?"), ("db1,mail", "{db1,mail}"),
    ("zzz*", "matches none of the 6 known hosts"),
    ("@role=cache", "Labels in use: env=prod, env=test, role=db, role=web."),
    ("dc9/*", "Segments: dc1, dc2."), ("dc3/web2", "Did you mean dc1/web2"),
    ("entirely-else", "Available: dc1/web1, web2"),
  ])
  func saysWhatIsWrong(_ selector: String, _ words: String) throws {
    let message = try message(selector)
    #expect(message.contains(words), "\(message)")
  }

  @Test func silentAgentsAreNamed() throws {
    let silent = [Roster.SilentAgent(name: "a", segment: "dc1", reason: "connection refused")]
    let roster = Roster(reports: [], silent: silent)
    guard case .failure(let failure) = roster.select(try HostSelector("web1")) else {
      Issue.record("found")
      return
    }
    #expect(failure.code == .unreachable)
    #expect(failure.message.contains("Agent a (segment dc1) has not reported its hosts: connection refused."))
    let other = try message("dc2/web1", in: roster)
    #expect(!other.contains("Agent a"))
  }

  /// Where others answer to a pattern, the silent one's hosts are still missing.
  @Test(arguments: [("*:/a", 1), ("web*:/a", 1), ("dc2/*:/a", 1), ("dc1/*:/a", 0), ("web2:/a", 0)])
  func aPatternNamesAgentsThatAreSilent(_ target: String, _ failures: Int) throws {
    let reports = [
      Roster.Report(agent: 0, id: HostID(segment: "dc1", alias: "web2"), labels: [:]),
      Roster.Report(agent: 0, id: HostID(segment: "dc2", alias: "web3"), labels: [:]),
    ]
    let roster = Roster(reports: reports, silent: [.init(name: "b", segment: "dc2", reason: "connection refused")])
    let asks = try Asks(
      [try Target.withPath(target), try Target.withPath("*:/b")], roster: roster, hostLimit: 100)
    #expect(asks.failures.map(\.host) == ["dc2/*"])
    let alone = try Asks([try Target.withPath(target)], roster: roster, hostLimit: 100)
    #expect(alone.failures.count == failures)
    #expect(alone.failures.allSatisfy { $0.code == .unreachable && $0.message.contains("connection refused") })
  }

  @Test func namesThatNobodyHasCountToo() throws {
    let names = (0..<200).map { "x\($0)" }.joined(separator: ",")
    #expect(throws: TargetError.self) {
      try Asks([try Target.withPath("{web2,\(names)}:/a")], roster: Self.roster, hostLimit: 100)
    }
  }

  @Test func asksEachOnceInOrder() throws {
    let texts = ["db1:/a", "web*:/a", "*:/a", "db1:/b", "nobody:/a", "nobody:/a"]
    let asks = try Asks(texts.map { try Target.withPath($0) }, roster: Self.roster, hostLimit: 100)
    #expect(
      asks.asks.map { Self.roster.hosts[$0.host].name + ":" + ($0.path?.text ?? "") } == [
        "db1:/a", "dc1/web1:/a", "web2:/a", "dc2/web1:/a", "mail:/a", "odd[1]:/a", "db1:/b",
      ])
    #expect(asks.failures.map(\.host) == ["nobody"])
    #expect(asks.failures[0].path == "/a")
    #expect(throws: TargetError.self) {
      try Asks([Target.withPath("*:/a")], roster: Self.roster, hostLimit: 5)
    }
  }

  @Test(arguments: [("kitten", "sitting", 3), ("", "ab", 2), ("ab", "ba", 1), ("same", "same", 0)])
  func countsEdits(_ a: String, _ b: String, _ expected: Int) {
    #expect(NearestNames.distance(Array(a.utf8), Array(b.utf8)) == expected)
  }

  @Test func aNameThatAPatternSpellsOutIsMissedWhenItIsNotThere() throws {
    let asks = try Asks(
      ["{web2,db9}", "dc2/{mail,m?il,web9}"].map { try Target.hostOnly($0) }, roster: Self.roster, hostLimit: 10)
    #expect(asks.asks.indices.map { asks.host($0).name } == ["web2", "mail"])
    #expect(asks.failures.map(\.host) == ["db9", "dc2/web9"])
    #expect(asks.failures.allSatisfy { $0.code == .unknownHost })
  }
}
