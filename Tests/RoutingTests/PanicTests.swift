import Testing

@testable import Routing

@Suite struct PanicTests {
  @Test(arguments: [
    // usable, ejected, agents, on
    (2, 1, 3, false), (1, 1, 2, false), (1, 2, 3, true), (0, 1, 1, true),
    // The others are silent, not ejected: there is nobody to bring back, or somebody.
    (1, 0, 3, false), (0, 0, 2, false), (0, 1, 2, true), (1, 1, 3, true),
  ])
  func isOnBelowHalf(usable: Int, ejected: Int, agents: Int, isOn: Bool) {
    #expect(Panic.isOn(usable: usable, ejected: ejected, agents: agents) == isOn)
  }

  @Test func anEjectedAgentIsAskedWhenTheOtherIsGone() throws {
    var router = Router(random: Mix64(seed: 1))
    func at(_ milliseconds: Int) -> Timestamp { Timestamp(.milliseconds(milliseconds)) }
    for agent in 0..<2 {
      router.agentJoined(agent, name: "a\(agent)", now: at(0))
      router.inventoryReceived(agent, [AdvertisedHost("dc1/web1", isWarm: true)], now: at(0))
    }
    let named = router.host(named: "dc1/web1")
    let host = try #require(named)
    router.linkLost(1, now: at(1))
    for number in 0..<5 {
      let choice = try router.pick(host, .read, now: at(10 + number))
      #expect(choice.agent == 0)
      let attempt = router.attemptStarted(choice, now: at(10 + number))
      router.attemptEnded(attempt, .agentFailed, now: at(10 + number))
    }
    let standing = router.standing(of: 0, now: at(20))
    #expect(standing == .ejected)
    let choice = try router.pick(host, .read, now: at(21))
    #expect(choice.agent == 0 && choice.isPanic)
    // The other one is back: no need any more.
    router.agentJoined(1, name: "a1", now: at(30))
    let next = try router.pick(host, .read, now: at(31))
    #expect(next.agent == 1)
  }
}
