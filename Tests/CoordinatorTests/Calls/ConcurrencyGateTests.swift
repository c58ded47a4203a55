import TestFleet
import Testing

@testable import Coordinator

@Suite struct ConcurrencyGateTests {
  @Test func neverMoreThanTheLimit() async throws {
    let gate = ConcurrencyGate(limit: 3)
    let figures = Tally()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<200 {
        group.addTask {
          try await gate.enter()
          figures.enter()
          await Task.yield()
          figures.leave()
          gate.leave()
        }
      }
      try await group.waitForAll()
    }
    #expect(figures.most == 3)
    #expect(gate.waiting == 0)
  }

  @Test func whoIsCancelledLeavesTheQueue() async throws {
    let gate = ConcurrencyGate(limit: 1)
    try await gate.enter()
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do {
            try await gate.enter()
            return true
          } catch {
            return false
          }
        }
      }
      try await until { gate.waiting == 20 }
      group.cancelAll()
      for try await entered in group { #expect(!entered) }
    }
    #expect(gate.waiting == 0)
    gate.leave()
    try await gate.enter()
  }

  @Test func cancelledBeforehandIsRefusedOnlyWhenFull() async throws {
    let gate = ConcurrencyGate(limit: 1)
    try await gate.enter()
    await withTaskGroup(of: Void.self) { group in
      group.cancelAll()
      for _ in 0..<100 {
        group.addTask { await #expect(throws: CancellationError.self) { try await gate.enter() } }
      }
    }
    #expect(gate.waiting == 0)
  }
}
