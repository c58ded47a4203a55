import Routing
import Testing

@Suite struct RouterTests {
  private static let well = AttemptOutcome.answered(AttemptTimings())

  @Test func whoIsUnknownIsRefused() throws {
    let fleet = Fleet(agents: 1)
    #expect(fleet.host(1) == nil)
    let host = try #require(fleet.host())
    fleet.router.inventoryReceived(0, [], now: at(1))
    #expect(fleet.hostCount == 0)
    #expect(throws: RouteRefusal.unknownHost) { try fleet.choose(host, now: 1) }
    // The place is used again, the old name does not come to mean the new host.
    fleet.router.inventoryReceived(0, [AdvertisedHost("other")], now: at(2))
    #expect(throws: RouteRefusal.unknownHost) { try fleet.choose(host, now: 2) }
    #expect(!value(fleet.router.agentJoined(-1, name: "x", now: at(3))))
    #expect(!value(fleet.router.agentJoined(Router.mostAgents, name: "x", now: at(3))))
  }

  @Test func allDrainingAndNobodyAliveAreToldApart() throws {
    let fleet = Fleet(agents: 2)
    let host = try #require(fleet.host())
    fleet.router.drainingBegan(0)
    for _ in 0..<10 { #expect(fleet.pick(now: 1) == 1) }
    fleet.router.drainingBegan(1)
    #expect(throws: RouteRefusal.allDraining) { try fleet.choose(host, now: 1) }
    fleet.router.heartbeat(0, isDraining: false, now: at(2))
    fleet.router.linkLost(0, now: at(2))
    #expect(throws: RouteRefusal.noAgentAlive) { try fleet.choose(host, now: 2) }
  }

  @Test func idleAgentsAreAskedInTheHostsOrderAndBusyOnesLess() throws {
    let fleet = Fleet(agents: 3, hosts: 20)
    for agent in 0..<3 { for host in 0..<20 { fleet.attempt(at: agent, host, now: 0, for: 50, Self.well) } }
    for number in 0..<20 {
      let host = try #require(fleet.host(number))
      let order = try #require(fleet.explain(number, now: 60)).routes.map(\.agent)
      #expect(fleet.pick(number, now: 60) == order[0])
      let choice = try fleet.choose(host, now: 60)
      let attempt = fleet.router.attemptStarted(choice, now: at(60))
      #expect(fleet.pick(number, now: 61) == order[1], "the second of \(order)")
      fleet.router.attemptEnded(attempt, .abandoned, now: at(61))
    }
  }

  @Test func aColdConnectionIsWorthAvoiding() throws {
    let fleet = Fleet(agents: 2)
    let host = try #require(fleet.host())
    for agent in 0..<2 { fleet.attempt(at: agent, now: 0, for: 20, Self.well) }
    let first = try #require(fleet.pick(now: 30))
    fleet.router.warmthChanged(first, host: host, isWarm: false)
    #expect(fleet.pick(now: 31) == 1 - first)
    let choice = try fleet.choose(host, now: 31)
    #expect(choice.reason == .leastCost && choice.cost.isWarm)
  }

  /// Reads and commands are accepted before they end; what their connections took is told at the end.
  @Test func acceptedAttemptsTeachWhatConnectingTakes() throws {
    let fleet = Fleet(agents: 1)
    let host = try #require(fleet.host())
    func extra(now: Double) throws -> Double {
      fleet.router.warmthChanged(0, host: host, isWarm: true)
      let warm = try fleet.choose(host, now: now).timeout
      fleet.router.warmthChanged(0, host: host, isWarm: false)
      return try fleet.choose(host, now: now).timeout - warm
    }
    let before = try extra(now: 0)
    for number in 0..<250 {
      let now = Double(number) * 50
      fleet.router.warmthChanged(0, host: host, isWarm: false)
      let id = fleet.router.attemptStarted(try fleet.choose(host, now: now), now: at(now))
      fleet.router.attemptAccepted(id, now: at(now + 42))
      fleet.router.attemptEnded(id, .answered(AttemptTimings(connect: .milliseconds(40))), now: at(now + 45))
    }
    let after = try extra(now: 13_500)
    #expect(after < before - 0.5, "\(before) s, then \(after) s")
  }

  /// A handshake that is under way is no sign of a slow agent; a warm request that hangs is.
  @Test(arguments: [(true, true), (false, false)])
  func theOldestOutstandingRequestSpeaks(isWarm: Bool, isAvoided: Bool) throws {
    let fleet = Fleet(agents: 2, hosts: 2)
    for agent in 0..<2 { for host in 0..<2 { fleet.attempt(at: agent, host, now: 0, for: 20, Self.well) } }
    let host = try #require(fleet.host(1))
    let first = try #require(fleet.pick(0, now: 30))
    fleet.router.warmthChanged(first, host: host, isWarm: isWarm)
    var trail = AgentTrail()
    trail.insert(1 - first)
    let hanging = try fleet.choose(host, trail: trail, now: 30)
    #expect(hanging.agent == first)
    _ = fleet.router.attemptStarted(hanging, now: at(30))
    let explanation = try #require(fleet.explain(1, now: 600))
    let oldest = explanation.routes.first { $0.agent == first }?.cost.oldest ?? -1
    #expect((oldest > 0.1) == isAvoided, "\(oldest)")
  }

  @Test func fiveFaultsEjectAndAProbeBringsBack() throws {
    let fleet = Fleet(agents: 3)
    for number in 0..<5 { fleet.attempt(at: 1, now: Double(number), for: 1, .agentFailed) }
    #expect(fleet.standing(of: 1, now: 10) == .ejected)
    #expect(fleet.counters.ejections == 1)
    for _ in 0..<20 { #expect(fleet.pick(now: 10) != 1) }
    var order: Router.ProbeOrder?
    for tick in 0..<10 where order == nil {
      order = fleet.tick(now: Double(tick) * 250).probes.first { $0.agent == 1 }
    }
    let probe = try #require(order)
    #expect(probe.host == "h0" && probe.timeout >= 2)
    #expect(fleet.inFlight(1) == 1)
    #expect(fleet.tick(now: 2_600).probes.isEmpty, "one probe at a time")
    fleet.router.attemptEnded(probe.attempt, Self.well, now: at(2_610))
    #expect(fleet.standing(of: 1, now: 2_611) == .usable)
    #expect(fleet.inFlight(1) == 0)
  }

  /// The trap of fast failures: without a penalty the quickest agent would have all the traffic.
  @Test func aFastFailureIsDear() throws {
    let fleet = Fleet(agents: 2)
    for agent in 0..<2 { fleet.attempt(at: agent, now: 0, for: 50, Self.well) }
    let first = try #require(fleet.pick(now: 60))
    fleet.attempt(at: first, now: 60, for: 1, .agentFailed)
    #expect(fleet.pick(now: 70) == 1 - first)
  }

  @Test func silenceMakesSuspectThenDead() throws {
    let fleet = Fleet(agents: 2)
    for beat in 0..<20 {
      for agent in 0..<2 { fleet.router.heartbeat(agent, now: at(Double(beat) * 500)) }
      #expect(fleet.tick(now: Double(beat) * 500).dead.isEmpty)
    }
    for tick in 1...40 {
      let now = 9_500 + Double(tick) * 250
      if tick % 2 == 0 { fleet.router.heartbeat(0, now: at(now)) }
      let dead = fleet.tick(now: now).dead
      switch now - 9_500 {
      case ...1_500: #expect(fleet.standing(of: 1, now: now) == .usable)
      case 2_250: #expect(dead == [1])
      default: #expect(dead.isEmpty)
      }
      if now > 11_750 { #expect(fleet.pick(now: now) == 0) }
    }
    fleet.router.heartbeat(1, now: at(20_000))
    #expect(fleet.standing(of: 1, now: 20_001) == .usable)
  }

  @Test func aDeadHostIsQuickFailedAndNobodyIsBlamed() throws {
    let fleet = Fleet(agents: 2, hosts: 2)
    let host = try #require(fleet.host(0))
    for number in 0..<3 {
      fleet.attempt(at: number % 2, now: Double(number), for: 5, .hostFailed(reason: "refused", AttemptTimings()))
    }
    let refusal = #expect(throws: RouteRefusal.self) { try fleet.choose(host, now: 20) }
    guard case .hostFailing(let failing)? = refusal else {
      Issue.record("\(String(describing: refusal))")
      return
    }
    #expect(failing.reason == "refused" && failing.failures == 3)
    for agent in 0..<2 { #expect(fleet.standing(of: agent, now: 20) == .usable) }
    #expect(fleet.pick(1, now: 20) != nil)
    // One a step.
    #expect(fleet.pick(0, now: 2_000) != nil)
    #expect(fleet.pick(0, now: 2_000) == nil)
  }

  /// A timeout does not say who hangs: one host's count once, several hosts' count each.
  @Test(arguments: [(1, AgentStanding.usable), (2, .ejected), (5, .ejected)])
  func aHostThatHangsEjectsNobody(hosts: Int, standing: AgentStanding) {
    let fleet = Fleet(agents: 3, hosts: 5)
    for number in 0..<30 {
      fleet.attempt(at: 1, number % hosts, now: Double(number), for: 1, .timedOut)
      if standing == .usable { fleet.attempt(at: 1, 4, now: Double(number), for: 1, Self.well) }
    }
    #expect(fleet.standing(of: 1, now: 40) == standing)
  }

  /// What it answers meanwhile tells who hangs.
  @Test func severalHostsThatHangAreQuickFailedWhileOthersAnswer() throws {
    let fleet = Fleet(agents: 2, hosts: 12)
    for number in 0..<40 {
      let now = Double(number) * 100
      fleet.attempt(at: 1, number % 5, now: now, for: 50, .timedOut) {
        fleet.attempt(at: 1, 5 + number % 7, now: now + 1, for: 5, Self.well)
      }
    }
    for agent in 0..<2 { #expect(fleet.standing(of: agent, now: 4_100) == .usable) }
    for host in 0..<5 {
      let index = try #require(fleet.host(host))
      let refusal = #expect(throws: RouteRefusal.self) { try fleet.choose(index, now: 4_100) }
      guard case .hostFailing(let failing)? = refusal else {
        Issue.record("\(String(describing: refusal))")
        return
      }
      #expect(failing.reason == "No answer within 50 ms, while others were answered")
    }
    #expect(fleet.pick(6, now: 4_100) != nil)
    #expect(fleet.router.counters.hostTimeouts >= 15)
  }

  /// So that the agent gives a host up first, which tells whose fault it was.
  @Test func aColdHostGetsWhatItsAgentGrantsAConnection() throws {
    let fleet = Fleet(agents: 2)
    let host = try #require(fleet.host())
    for agent in 0..<2 { fleet.router.warmthChanged(agent, host: host, isWarm: false) }
    #expect(try fleet.choose(host, now: 0).timeout == 10)
    for agent in 0..<2 { fleet.router.heartbeat(agent, connectLimit: 20, now: at(1)) }
    #expect(try fleet.choose(host, now: 1).timeout == 25)
    for agent in 0..<2 { fleet.router.warmthChanged(agent, host: host, isWarm: true) }
    #expect(try fleet.choose(host, now: 1).timeout == 5)
  }

  /// A host that hangs would answer for the agent otherwise.
  @Test func aProbeIsOfAHostThatDoesNotFailItself() throws {
    let fleet = Fleet(agents: 2, hosts: 3)
    for agent in 0..<2 { for number in 0..<5 { fleet.attempt(at: agent, now: Double(number), for: 1, Self.well) } }
    for number in 0..<10 { fleet.attempt(at: 1, number % 2, now: Double(100 + number), for: 50, .timedOut) }
    #expect(fleet.standing(of: 1, now: 200) == .ejected)
    let probes = fleet.router.timerFired(now: at(3_000)).probes
    #expect(probes.map(\.agent) == [1] && probes.map(\.host) == ["h2"], "\(probes)")
  }

  /// An inventory that says nothing of connections changes nothing of what is known of them.
  @Test func whatIsWarmStaysSoUntilItIsSaidOtherwise() throws {
    let fleet = Fleet(agents: 2)
    let host = try #require(fleet.host())
    func isWarm(_ agent: Int) -> Bool? {
      fleet.router.explain(host, .read, now: at(10))?.routes.first { $0.agent == agent }?.cost.isWarm
    }
    fleet.router.warmthChanged(0, host: host, isWarm: true)
    fleet.router.warmthChanged(1, host: host, isWarm: false)
    fleet.router.inventoryReceived(0, [AdvertisedHost("h0"), AdvertisedHost("new")], now: at(5))
    fleet.router.inventoryReceived(1, [AdvertisedHost("h0")], now: at(5))
    #expect(isWarm(0) == true && isWarm(1) == false)
    fleet.router.inventoryReceived(0, [AdvertisedHost("h0", isWarm: false)], now: at(6))
    fleet.router.inventoryReceived(1, [AdvertisedHost("h0", isWarm: true)], now: at(6))
    #expect(isWarm(0) == false && isWarm(1) == true)
  }

  /// It is asked for a host of its own, even where it reached another's before.
  @Test func aProbeAsksForAHostThatTheAgentHas() throws {
    let fleet = Fleet(agents: 2, hosts: 2)
    fleet.attempt(at: 1, 1, now: 1, for: 1, Self.well)
    fleet.router.inventoryReceived(1, [AdvertisedHost("h0")], now: at(10))
    for number in 0..<5 { fleet.attempt(at: 1, 0, now: Double(20 + number), for: 1, .agentFailed) }
    #expect(fleet.standing(of: 1, now: 40) == .ejected)
    let probes = fleet.router.timerFired(now: at(3_000)).probes
    #expect(probes.map(\.agent) == [1] && probes.map(\.host) == ["h0"])
  }

  @Test func aNewcomerTakesOverSlowly() {
    let fleet = Fleet(agents: 2, hosts: 300)
    fleet.router.agentJoined(2, name: "agent-2", now: at(60_000))
    fleet.router.inventoryReceived(2, (0..<300).map { AdvertisedHost("h\($0)", isWarm: true) }, now: at(60_000))
    var counts: [Int] = []
    for now in [60_000.0, 70_000, 80_000, 90_000] {
      counts.append((0..<300).count { fleet.pick($0, now: now) == 2 })
    }
    #expect(counts == counts.sorted(), "\(counts)")
    #expect(counts[0] < 40 && counts[3] > 80, "\(counts)")
  }

  /// What was cold before takes part again slowly; what it is still connected to at once.
  @Test(arguments: [(1_000.0, true, true), (1_000, false, false), (40_000, true, false)])
  func whoComesBackTakesUpWhatItKept(absence: Double, isWarm: Bool, isAtOnce: Bool) throws {
    let fleet = Fleet(agents: 2, hosts: 100)
    for agent in 0..<2 { fleet.attempt(at: agent, now: 0, for: 20, .answered(AttemptTimings(host: .milliseconds(20)))) }
    let before = (0..<100).count { fleet.pick($0, now: 60_000) == 1 }
    fleet.router.linkLost(1, now: at(60_000))
    let back = 60_000 + absence
    fleet.router.agentJoined(1, name: "agent-1", now: at(back))
    fleet.router.inventoryReceived(1, (0..<100).map { AdvertisedHost("h\($0)", isWarm: isWarm) }, now: at(back))
    let after = (0..<100).count { fleet.pick($0, now: back) == 1 }
    #expect(before > 20 && (after == before) == isAtOnce, "\(before), then \(after)")
  }

  @Test func aHedgeGoesElsewhereOrNowhere() throws {
    let fleet = Fleet(agents: 2)
    let first = try #require(fleet.pick(now: 0))
    var trail = AgentTrail()
    trail.insert(first)
    #expect(fleet.pick(now: 0, trail: trail, isHedge: true) == 1 - first)
    fleet.router.heartbeat(1 - first, isOverloaded: true, now: at(1))
    #expect(fleet.pick(now: 1, trail: trail, isHedge: true) == nil)
    // A retry goes back where nobody else is left.
    fleet.router.linkLost(1 - first, now: at(2))
    #expect(fleet.pick(now: 2, trail: trail) == first)
  }

  /// A trickle of requests would hold a healed agent's estimate up for half a minute.
  @Test func aHealedAgentIsProbedAndTakenBackWithinThreeSeconds() throws {
    let fleet = Fleet(agents: 2)
    for agent in 0..<2 { for number in 0..<5 { fleet.attempt(at: agent, now: Double(number), for: 20, Self.well) } }
    fleet.attempt(at: 0, now: 100, for: 3_000, Self.well)
    var healed: Double?
    for tick in 0..<20 {
      let now = 3_200 + Double(tick) * 250
      for call in 0..<10 {
        fleet.router.callStarted(now: at(now))
        fleet.attempt(at: 1, now: now + Double(call) * 20, for: 20, Self.well)
      }
      if tick % 3 == 0 { fleet.attempt(at: 0, now: now, for: 20, Self.well) }
      for probe in fleet.tick(now: now + 200).probes {
        fleet.router.attemptEnded(probe.attempt, Self.well, now: at(now + 220))
      }
      let cost = try #require(fleet.explain(0, now: now + 240)).routes.first { $0.agent == 0 }?
        .cost
      if healed == nil, (cost?.latency ?? 1) < 0.1 { healed = now - 3_200 }
    }
    #expect(try #require(healed) <= 3_000)
  }
}
