import Testing

@testable import AgentAPI

/// An agent's place at the coordinator, by tables of events.
@Suite struct TunnelSlotTests {
  typealias Slot = TunnelSlot<String, String>

  private let start = ContinuousClock.now
  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func isWaiting(_ admission: Slot.Admission) -> Bool {
    if case .wait = admission { true } else { false }
  }

  @Test func callsWaitForTheFirstTunnel() {
    var slot = Slot(at: at(0))
    #expect(isWaiting(slot.callArrived(1, "one")) && isWaiting(slot.callArrived(2, "two")))
    #expect(slot.callGaveUp(2) == "two" && slot.callGaveUp(2) == nil)
    let established = slot.tunnelEstablished("a")
    #expect(established?.replaced == nil && established?.waiters == ["one"])
    #expect(slot.connection == "a" && slot.absentSince == nil)
    guard case .use("a") = slot.callArrived(3, "three") else {
      Issue.record("not used")
      return
    }
  }

  @Test func aSecondTunnelReplacesTheFirstWhoseEndIsNoLoss() {
    var slot = Slot(at: at(0))
    let first = slot.tunnelEstablished("a")
    let second = slot.tunnelEstablished("b")
    #expect(second?.replaced == "a" && slot.connection == "b")
    #expect(!slot.tunnelUnusable(first?.number ?? 0, "drained", at: at(1)))
    #expect(slot.connection == "b")
    #expect(slot.tunnelUnusable(second?.number ?? 0, "broke", at: at(2)))
    #expect(!slot.tunnelUnusable(second?.number ?? 0, "broke", at: at(3)))
    #expect(slot.connection == nil && slot.absentSince == at(2) && slot.reason == "broke")
    #expect(isWaiting(slot.callArrived(1, "one")))
    #expect(slot.tunnelEstablished("c")?.waiters == ["one"])
  }

  @Test func nobodyGetsInAfterTheEnd() {
    var slot = Slot(at: at(0))
    _ = slot.callArrived(1, "one")
    #expect(slot.stopped() == ["one"])
    #expect(slot.tunnelEstablished("a") == nil && slot.connection == nil && slot.absentSince == nil)
    guard case .stopped = slot.callArrived(2, "two") else {
      Issue.record("not stopped")
      return
    }
    #expect(slot.stopped().isEmpty)
  }
}
