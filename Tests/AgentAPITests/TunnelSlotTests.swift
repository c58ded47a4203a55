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
    let admissions = [slot.callArrived(1, "one"), slot.callArrived(2, "two")]
    #expect(admissions.allSatisfy(isWaiting))
    let givenUp = [slot.callGaveUp(2), slot.callGaveUp(2)]
    #expect(givenUp == ["two", nil])
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
    let isLoss = slot.tunnelUnusable(first?.number ?? 0, "drained", at: at(1))
    #expect(!isLoss)
    #expect(slot.connection == "b")
    let losses = [2.0, 3.0].map { slot.tunnelUnusable(second?.number ?? 0, "broke", at: at($0)) }
    #expect(losses == [true, false])
    #expect(slot.connection == nil && slot.absentSince == at(2) && slot.reason == "broke")
    let admission = slot.callArrived(1, "one")
    #expect(isWaiting(admission))
    let third = slot.tunnelEstablished("c")
    #expect(third?.waiters == ["one"])
  }

  @Test func nobodyGetsInAfterTheEnd() {
    var slot = Slot(at: at(0))
    _ = slot.callArrived(1, "one")
    let waiters = slot.stopped()
    let late = slot.tunnelEstablished("a")
    #expect(waiters == ["one"] && late == nil)
    #expect(slot.connection == nil && slot.absentSince == nil)
    guard case .stopped = slot.callArrived(2, "two") else {
      Issue.record("not stopped")
      return
    }
    let again = slot.stopped()
    #expect(again.isEmpty)
  }
}
