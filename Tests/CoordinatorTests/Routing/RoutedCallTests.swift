import AgentAPI
import MCP
import Routing
import Synchronization
import Testing

@testable import Coordinator

/// Hosts that two agents reach: one helps the other out.
@Suite struct RoutedCallTests {
  private func agent(_ content: String, _ change: (inout VirtualHost) -> Void = { _ in }) -> VirtualAgent {
    var host = VirtualHost(["/a": content])
    change(&host)
    return VirtualAgent(segment: "dc1", hosts: [("web1", host)])
  }

  /// A coordinator that has heard of both agents.
  private func withBoth<R: Sendable>(
    _ first: VirtualAgent, _ second: VirtualAgent, _ body: @Sendable (CoordinatorCore) async throws -> R
  ) async throws -> R {
    try await withCoordinator(first, second) { core in
      while core.directory.report().hosts.first?.agents.count != 2 { try await Task.sleep(for: .milliseconds(2)) }
      return try await body(core)
    }
  }

  private func read(_ core: CoordinatorCore, timeout: Int64 = 20_000) async throws -> MCPToolOutcome {
    try await core.call("read", ["target": "web1:/a", "timeout_ms": .int(timeout)])
  }

  @Test func anAgentThatFailsIsHelpedOut() async throws {
    let broken = AgentError(code: .internal, message: "broken", scope: .agent)
    let (first, second) = (agent("x") { $0.failure = broken }, agent("x"))
    try await withBoth(first, second) { core in
      for _ in 0..<20 {
        let outcome = try await read(core)
        #expect(outcome.structured?["groups"]?[0]?["content"] == "x", "\(outcome.text)")
      }
      #expect(core.directory.router.counters.retries >= 1)
    }
    // Five failures in a row, and nobody asks it any more but by a probe.
    #expect(first.state.withLock { $0.calls } < 15)
  }

  /// What has come is thrown away: the answer is one agent's, whole.
  @Test(
    arguments: [
      ("read", ["target": "web1:/etc/a"], 2), ("list", ["target": "web1:/etc"], 1),
      ("query", ["target": "web1", "command": ["cat", "/etc/a"]], 0),
    ] as [(String, JSONObject, Int)])
  func anAnswerThatBreaksOffComesFromTheOther(tool: String, arguments: JSONObject, after messages: Int) async throws {
    let breakage = Breakage(after: messages)
    func agent(_ letter: Character) -> VirtualAgent {
      var files = ["/etc/a": String(repeating: letter, count: 4500)]
      for number in 0..<150 { files["/etc/\(letter)\(number)"] = "" }
      var host = VirtualHost(files)
      host.breakage = breakage
      return VirtualAgent(segment: "dc1", hosts: [("web1", host)])
    }
    let (first, second) = (agent("x"), agent("y"))
    try await withBoth(first, second) { core in
      let outcome = try await core.call(tool, arguments)
      let group = outcome.structured?["groups"]?[0]
      switch tool {
      case "read": #expect(["x", "y"].map { String(repeating: $0, count: 4500) }.contains(group?["content"]?.string))
      case "query": #expect(["x", "y"].map { String(repeating: $0, count: 4500) }.contains(group?["stdout"]?.string))
      default:
        let names = group?["entries"]?.array?.compactMap { $0["name"]?.string } ?? []
        #expect(names.count == 151 && Set(names.map(\.first)).count == 2, "\(outcome.text)")
      }
      #expect(!outcome.isError && breakage.isOver)
    }
    #expect(first.state.withLock { $0.calls } == 1 && second.state.withLock { $0.calls } == 1)
  }

  /// Nobody else is there: the one agent brings it whole, over its next connection. A second break is told.
  @Test(arguments: [(1, true), (2, false)])
  func anAnswerThatBreaksOffComesAnewFromTheOnlyAgent(breaks: Int, isWhole: Bool) async throws {
    let breakages = (0..<breaks).map { _ in Breakage(after: 2) }
    let agent = agent(String(repeating: "x", count: 4500)) { $0.breakage = breakages[0] }
    try await withCoordinator(agent) { core in
      if breaks > 1 { agent.change("web1") { $0.failure = AgentError(code: .lost, message: "again", scope: .agent) } }
      let outcome = try await core.call("read", ["target": "web1:/a"])
      #expect(outcome.isError != isWhole, "\(outcome.text)")
      if isWhole {
        #expect(outcome.structured?["groups"]?[0]?["content"]?.string == String(repeating: "x", count: 4500))
      }
      #expect(agent.state.withLock { $0.calls } == 2)
    }
  }

  /// What a probe is answered about the host says nothing against the agent.
  @Test func anAgentThatAnswersAProbeWithANoIsWell() async throws {
    let broken = AgentError(code: .internal, message: "broken", scope: .agent)
    let (first, second) = (agent("x") { $0.failure = broken }, agent("x"))
    try await withBoth(first, second) { core in
      func becomes(_ standing: AgentStanding) async throws -> Bool {
        let limit = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < limit {
          let routes = core.directory.router.explain(HostID(segment: "dc1", alias: "web1"))?.routes ?? []
          if routes.first(where: { $0.name == "agent1" })?.standing == standing { return true }
          _ = try await read(core)
          try await Task.sleep(for: .milliseconds(10))
        }
        return false
      }
      let isEjected = try await becomes(.ejected)
      first.change("web1") { $0.failure = AgentError(code: .permissionDenied, message: "no", scope: .request) }
      let isWell = try await becomes(.usable)
      #expect(isEjected && isWell)
    }
  }

  /// What takes longer than its caller had, in the agent's own words: neither host nor agent is to blame, and it is not done again.
  @Test(arguments: [AgentError.Scope.host, .agent])
  func aCallWhoseTimeIsOverIsNobodysFault(_ scope: AgentError.Scope) async throws {
    let late = AgentError(code: .timeout, message: "too late", phase: "operation", mayHaveRun: true, scope: scope)
    let (first, second) = (agent("x") { $0.failure = late }, agent("x") { $0.failure = late })
    try await withBoth(first, second) { core in
      for _ in 0..<12 {
        let outcome = try await core.call("query", ["target": "web1", "command": ["cat", "/a"]])
        #expect(outcome.text.contains("too late") && outcome.text.contains("[timeout"), "\(outcome.text)")
      }
      // A slow machine may have hedged some.
      #expect(core.directory.router.counters.retries == 0)
      let routes = core.directory.router.explain(HostID(segment: "dc1", alias: "web1"))?.routes ?? []
      #expect(routes.map(\.standing) == [.usable, .usable])
    }
  }

  /// Its link is coming up again while the first one goes: a rolling restart.
  @Test func anAgentThatDrainsIsHelpedOutByOneWhoseLinkComesUp() async throws {
    let going = AgentError(code: .unreachable, message: "going down", phase: "drain", scope: .agent)
    try await withBoth(agent("x") { $0.failure = going }, agent("x")) { core in
      let router = core.directory.router
      router.decide { router, now in router.linkLost(1, now: now) }
      let outcome = try await read(core)
      #expect(outcome.structured?["groups"]?[0]?["content"] == "x", "\(outcome.text)")
      #expect(router.isDraining(0) && !router.isDraining(1))
    }
  }

  /// There is nothing to choose, and what it does is learned all the same.
  @Test func whatTheOnlyAgentDoesIsMeasured() async throws {
    try await withCoordinator(agent("x")) { core in
      // The first may be asked before routing has heard of the host.
      for _ in 0..<4 { _ = try await read(core) }
      #expect(core.directory.router.counters.calls >= 3)
      let route = try await core.call("route", ["host": "web1"])
      let agent = route.structured?["agents"]?[0]
      #expect(agent?["latency_ms"]?.number != nil && agent?["in_flight"] == 0, "\(route.text)")
      #expect(route.text.contains("latency"), "\(route.text)")
    }
  }

  /// Of what stays, routing forgets nothing.
  @Test func routingIsToldWhatChangedInAnInventory() async throws {
    try await withBoth(agent("x"), agent("x")) { core in
      let router = core.directory.router
      func agents(_ alias: String) -> [Int] {
        router.explain(HostID(segment: "dc1", alias: alias))?.routes.map(\.agent).sorted() ?? []
      }
      router.inventoryChanged(0, segment: "dc1", placed: ["new", "web1"], gone: ["never"])
      #expect(agents("new") == [0] && agents("web1") == [0, 1])
      router.inventoryChanged(0, segment: "dc1", placed: [], gone: ["web1", "new"])
      #expect(agents("new") == [] && agents("web1") == [1])
    }
  }

  @Test func whenBothFailTheLastWordIsTold() async throws {
    let broken = AgentError(code: .internal, message: "broken in a way of its own", scope: .agent)
    try await withBoth(agent("x") { $0.failure = broken }, agent("x") { $0.failure = broken }) { core in
      let outcome = try await read(core)
      #expect(outcome.isError && outcome.text.contains("broken in a way of its own"), "\(outcome.text)")
    }
  }

  @Test func anAnswerThatSaysNoIsNotAskedForTwice() async throws {
    let (first, second) = (agent("x"), agent("x"))
    try await withBoth(first, second) { core in
      let outcome = try await core.call("read", ["target": "web1:/none"])
      #expect(outcome.text.contains("not_found"))
    }
    #expect(first.state.withLock { $0.calls } + second.state.withLock { $0.calls } == 1)
  }

  @Test func aWrongKeyIsNotTriedThroughTheOther() async throws {
    let wrong = AgentError(code: .hostKeyChanged, message: "the key has changed")
    let (first, second) = (agent("x") { $0.failure = wrong }, agent("x") { $0.failure = wrong })
    try await withBoth(first, second) { core in
      let outcome = try await read(core)
      #expect(outcome.text.contains("host_key_changed"), "\(outcome.text)")
    }
    #expect(first.state.withLock { $0.calls } + second.state.withLock { $0.calls } == 1)
  }

  @Test func aHostThatKeepsFailingIsAnsweredForWithItsLastError() async throws {
    let gone = AgentError(code: .connectTimeout, message: "web1 accepts and says nothing", phase: "key exchange")
    let (first, second) = (agent("x") { $0.failure = gone }, agent("x") { $0.failure = gone })
    try await withBoth(first, second) { core in
      var last = try await read(core)
      for _ in 0..<4 where !last.text.contains("in a row") { last = try await read(core) }
      #expect(last.text.contains("web1 accepts and says nothing"), "\(last.text)")
      #expect(last.text.contains("in a row") && last.text.contains("is tried again in"), "\(last.text)")
      #expect(last.text.contains("connect_timeout"))
      let route = try await core.call("route", ["host": "web1"])
      #expect(route.structured?["failing"]?["failures"]?.integer ?? 0 >= 3)
      #expect(core.directory.router.counters.ejections == 0)
    }
  }

  @Test func aSilentAgentIsHelpedOutAndItsCallCancelled() async throws {
    let (first, second) = (agent("x") { $0.hangs = true }, agent("x") { $0.hangs = true })
    try await withBoth(first, second) { core in
      let outcome = try await withThrowingTaskGroup(of: MCPToolOutcome.self) { group in
        group.addTask { try await read(core) }
        // Whichever was chosen hangs; the other one comes back to life.
        while first.state.withLock({ $0.inFlight }) + second.state.withLock({ $0.inFlight }) == 0 {
          try await Task.sleep(for: .milliseconds(2))
        }
        let spare = first.state.withLock { $0.inFlight } == 0 ? first : second
        spare.change("web1") { $0.hangs = false }
        return try await group.next()
      }
      #expect(outcome?.structured?["groups"]?[0]?["content"] == "x", "\(outcome?.text ?? "")")
    }
    #expect(first.state.withLock { $0.cancelled } + second.state.withLock { $0.cancelled } == 1)
  }

  @Test func theDeadlineNamesTheAgentAndLeavesNothingBehind() async throws {
    let (first, second) = (agent("x") { $0.hangs = true }, agent("x") { $0.hangs = true })
    try await withBoth(first, second) { core in
      let outcome = try await read(core, timeout: 300)
      #expect(outcome.isError && outcome.text.contains("timeout"), "\(outcome.text)")
      #expect(core.directory.router.decide { router, _ in router.attemptsUnderWay } == 0)
    }
    #expect(first.state.withLock { $0.inFlight } + second.state.withLock { $0.inFlight } == 0)
  }

  @Test func routeTellsWhoWouldBeAskedAndWhy() async throws {
    try await withBoth(agent("x"), agent("x")) { core in
      for _ in 0..<10 { _ = try await read(core) }
      let outcome = try await core.call("route", ["host": "web1"])
      let agents = outcome.structured?["agents"]?.array ?? []
      #expect(agents.compactMap { $0["name"]?.string }.sorted() == ["agent1", "agent2"])
      #expect(agents.allSatisfy { $0["standing"] == "usable" && $0["candidate"] == true })
      let chosen = outcome.structured?["chosen"]?.string ?? ""
      #expect(["agent1", "agent2"].contains(chosen) && outcome.text.contains("through \(chosen)"), "\(outcome.text)")
      let many = try await core.call("route", ["host": "nothing"])
      #expect(many.isError)
    }
  }

  @Test func oneAnswerOnlyIsLetThrough() throws {
    let opened = Mutex<[Int]>([])
    let gate = AnswerGate { attempt in opened.withLock { $0.append(attempt) } }
    try gate.take(2) { #expect($0) }
    #expect(throws: CancellationError.self) { try gate.take(1) { _ in } }
    try gate.take(2) { #expect(!$0) }
    // It fails: another brings the answer from its beginning, and it is heard no more.
    gate.close(2)
    #expect(throws: CancellationError.self) { try gate.take(2) { _ in } }
    try gate.take(3) { #expect($0) }
    gate.close(1)
    #expect(throws: CancellationError.self) { try gate.take(1) { _ in } }
    try gate.take(3) { #expect(!$0) }
    #expect(opened.withLock { $0 } == [2, 3])
  }
}
