import MCP
import Routing
import Testing

@testable import Coordinator

/// What `route` says of agents that are not asked: the truth.
@Suite struct RouteReasonTests {
  /// A router whose agents all report the hosts h0 to h49, and instants that tests set. Confined to its test.
  private final class Agents {
    private var router = Router(random: Mix64(seed: 5))
    private let hosts = (0..<50).map { AdvertisedHost("h\($0)", isWarm: true) }

    init(priorities: [Int]) {
      for (agent, priority) in priorities.enumerated() { join(agent, priority: priority, now: 0) }
    }

    func join(_ agent: Int, priority: Int = 0, now: Double) {
      router.agentJoined(agent, name: "agent-\(agent)", priority: priority, now: Self.at(now))
      router.inventoryReceived(agent, hosts, now: Self.at(now))
    }

    func leave(_ agent: Int, now: Double) { router.linkLost(agent, now: Self.at(now)) }
    func drain(_ agent: Int) { router.drainingBegan(agent) }
    func overload(_ agent: Int, now: Double) { router.heartbeat(agent, isOverloaded: true, now: Self.at(now)) }

    /// Attempts of that agent at h0 that end so.
    func attempt(_ agent: Int, of agents: Int, times: Int, _ outcome: AttemptOutcome, now: Double) throws {
      var others = AgentTrail()
      for other in 0..<agents where other != agent { others.insert(other) }
      let known = router.host(named: "h0")
      let host = try #require(known)
      for number in 0..<times {
        let instant = Self.at(now + Double(number) / 1000)
        let choice = try router.pick(host, .read, trail: others, now: instant)
        #expect(choice.agent == agent)
        router.attemptEnded(router.attemptStarted(choice, now: instant), outcome, now: instant)
      }
    }

    func route(_ number: Int = 0, now: Double, instead: String? = nil) -> HostRoute {
      let explanation = router.host(named: "h\(number)").flatMap { router.explain($0, .read, now: Self.at(now)) }
      return HostRoute(host: "h\(number)", explanation: explanation, now: Self.at(now), instead: instead)
    }

    /// All hosts' routes.
    func routes(now: Double) -> [HostRoute] { (0..<50).map { route($0, now: now) } }

    private static func at(_ seconds: Double) -> Timestamp { Timestamp.zero.advanced(bySeconds: seconds) }
  }

  private func agent(_ name: String, of route: HostRoute) -> JSON? {
    AnswerJSON.of(route)["agents"]?.array?.first { $0["name"]?.string == name }
  }

  @Test func aUsableStandbyIsSaidToStandIn() {
    let agents = Agents(priorities: [0, 1])
    let route = agents.route(now: 1)
    let words = "stands in (#1) for what priority 0 cannot take, 0 % of the hosts at present"
    #expect(route.reason == "no other agent comes into question (agent-1: \(words))")
    #expect(
      AnswerText.of(route).contains(
        "agent-1 (usable): cost 0.0 ms = never asked, connected, 0 in flight; not asked: \(words)"))
    let data = AnswerJSON.of(route)
    #expect(data["chosen"] == "agent-0" && data["priority"] == 0 && data["panic"] == false)
    #expect(data["shares"]?.array?.first == .double(1))
    #expect(agent("agent-0", of: route)?["why"] == "it is asked")
    #expect(agent("agent-1", of: route)?["why"] == .string(words) && agent("agent-1", of: route)?["priority"] == 1)
  }

  /// Half of the near ones are gone: three hosts in ten go to the standby, and it is said of them.
  @Test func hostsThatSpillSayWhere() throws {
    let agents = Agents(priorities: [0, 0, 1])
    agents.leave(1, now: 1)
    let routes = agents.routes(now: 2)
    let spilt = try #require(routes.first { $0.chosen?.name == "agent-2" })
    #expect(
      agent("agent-0", of: spilt)?["why"]
        == "its priority 0 has 70 % of the hosts at present, and this one is left to priority 1")
    #expect(agent("agent-1", of: spilt)?["why"] == "silent, or its link is down")
    #expect(
      AnswerText.of(spilt).contains(
        "of the hosts of these agents: priority 0 70 %, priority 1 30 %; this one: priority 1"))
    #expect(AnswerJSON.of(spilt)["shares"]?.array?.prefix(2) == [.double(0.7), .double(0.3)])
  }

  @Test func aNewcomerIsSaidToBeNew() throws {
    let agents = Agents(priorities: [0])
    agents.join(1, now: 60)
    let route = try #require(agents.routes(now: 61).first { $0.explanation?.candidateAgents == [0] })
    let words = "new here: it serves 10 % of its hosts so far, and not yet this one"
    #expect(route.reason == "no other agent comes into question (agent-1: \(words))")
    #expect(AnswerText.of(route).contains("; not asked: \(words)"))
    // In time it serves this one as well.
    #expect(agents.routes(now: 120).allSatisfy { $0.explanation?.candidateAgents.count == 2 })
  }

  @Test func ejectionSaysWhenAProbeMayGo() throws {
    let agents = Agents(priorities: [0, 0])
    try agents.attempt(1, of: 2, times: 5, .agentFailed, now: 1)
    let route = agents.route(now: 1.1)
    let data = try #require(agent("agent-1", of: route))
    let wait = try #require(data["probe_in_ms"]?.integer)
    #expect((700...1200).contains(wait) && data["standing"] == "ejected" && data["candidate"] == false)
    #expect(data["why"]?.string == "ejected: it failed too often; a probe may ask it in \(wait) ms")
    #expect(route.chosen?.name == "agent-0" && !route.reason.contains("panic"))
    #expect(
      agent("agent-1", of: agents.route(now: 5))?["why"] == "ejected: it failed too often; a probe is due or under way")
  }

  @Test func panicIsSaid() throws {
    let agents = Agents(priorities: [0, 0, 0])
    for number in [0, 1] { try agents.attempt(number, of: 3, times: 5, .agentFailed, now: 1) }
    let route = agents.route(now: 1.1)
    #expect(
      AnswerJSON.of(route)["panic"] == true && route.reason.contains("; panic: fewer than half"), "\(route.reason)")
    // The usable one and one of the ejected come into question; the other is told to be out.
    let whys = ["agent-0", "agent-1"].compactMap { agent($0, of: route)?["why"]?.string }
    #expect(route.explanation?.candidateAgents.count == 2 && whys.count { $0.hasPrefix("ejected: ") } == 1, "\(whys)")
  }

  @Test func drainingIsSaid() {
    let agents = Agents(priorities: [0, 0])
    agents.drain(1)
    let words = "draining: it ends what runs and takes nothing new"
    #expect(agents.route(now: 1).reason == "no other agent comes into question (agent-1: \(words))")
    agents.drain(0)
    let none = agents.route(now: 1, instead: "agent-0")
    #expect(
      none.chosen == nil
        && none.reason
          == "no agent of this host is well; agent-0 is asked all the same, since its link may be coming up"
    )
    #expect(AnswerText.of(none).hasPrefix("h0: no agent of this host is well"))
  }

  @Test func overloadIsSaid() {
    let agents = Agents(priorities: [0, 0])
    agents.overload(1, now: 1)
    let route = agents.route(now: 1.1)
    #expect(agent("agent-1", of: route)?["overloaded"] == true && agent("agent-0", of: route)?["overloaded"] == false)
    let lines = AnswerText.of(route).split(separator: "\n").filter {
      $0.contains("overloaded: it gets no second attempts")
    }
    #expect(lines.count == 1 && lines.first?.contains("agent-1") == true, "\(lines)")
  }

  @Test func theThirdComesLater() throws {
    let route = Agents(priorities: [0, 0, 0]).route(now: 1)
    let out = try #require(route.explanation?.routes.last)
    #expect(route.why(out) == "others come before it for this host, and two are compared")
    #expect(route.reason.hasPrefix("it costs as much as "))
  }

  @Test func aHostThatFailsIsNotAskedOfAnybody() throws {
    let agents = Agents(priorities: [0, 0])
    try agents.attempt(0, of: 2, times: 3, .hostFailed(reason: "refused", AttemptTimings()), now: 1)
    let route = agents.route(now: 1.1)
    #expect(route.chosen == nil && AnswerJSON.of(route)["chosen"] == nil)
    #expect(AnswerText.of(route).hasPrefix("h0: the host itself has failed 3 times in a row: its last error is told"))
    // The next one is let through.
    #expect(agents.route(now: 10).chosen != nil)
  }

  @Test func theOnlyAgentIsSaidToBeThat() {
    let agents = Agents(priorities: [0])
    #expect(agents.route(now: 1).reason == "it is the only agent of this host: it is asked directly")
    agents.drain(0)
    #expect(agents.route(now: 1).reason.hasPrefix("agent-0 is the only agent of this host"))
    #expect(agents.route(now: 1).reason.hasSuffix("it is draining: it ends what runs and takes nothing new"))
  }
}
