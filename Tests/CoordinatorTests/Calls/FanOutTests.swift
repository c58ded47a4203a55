import AgentAPI
import Synchronization
import TestFleet
import Testing

@testable import Coordinator

@Suite struct FanOutTests {
  private func fanOut(_ count: Int, width: Int = 128, within: Duration, progress: FanOut.Progress? = nil) -> FanOut {
    FanOut(
      count: count, width: width, deadline: .now + within, gate: ConcurrencyGate(limit: 64), progress: progress)
  }

  @Test func outcomesKeepTheirOrder() async {
    let outcomes = await fanOut(500, within: .seconds(60)).run { index in
      if index % 7 == 0 { await Task.yield() }
      return index * 2
    }
    let values = outcomes.map { if case .answered(let value) = $0 { value } else { -1 } }
    #expect(values == (0..<500).map { $0 * 2 })
  }

  @Test func theDeadlineLetsOnlyTheDeadMiss() async {
    let start = ContinuousClock.now
    let outcomes = await fanOut(10, within: .milliseconds(200)).run { index in
      if index == 3 { try await Task.sleep(for: .seconds(3600)) }
      return index
    }
    #expect(.now - start < .seconds(30))
    for (index, outcome) in outcomes.enumerated() {
      switch outcome {
      case .answered(let value): #expect(value == index)
      case .unanswered(let started): #expect(index == 3 && started)
      default: Issue.record("\(index): \(outcome)")
      }
    }
  }

  @Test func whatNeverHadItsTurnSaysSo() async {
    let outcomes = await fanOut(6, width: 2, within: .milliseconds(100)).run { _ in
      try await Task.sleep(for: .seconds(3600))
    }
    let started = outcomes.map { if case .unanswered(let started) = $0 { started } else { false } }
    #expect(started == [true, true, false, false, false, false])
  }

  @Test func failuresStayApart() async {
    let outcomes = await fanOut(3, within: .seconds(60)).run { index in
      if index == 1 { throw AgentError(code: .notFound, message: "gone") }
      if index == 2 { throw SomeError() }
      return index
    }
    guard case .answered(0) = outcomes[0], case .failed(let first) = outcomes[1], case .failed(let second) = outcomes[2]
    else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(first.code == .notFound)
    #expect(second.code == .internal)
  }

  private struct SomeError: Error {}

  @Test func cancellationReachesEveryOne() async throws {
    let cancelled = Tally()
    let started = Tally()
    let fanOut = fanOut(20, within: .seconds(3600))
    let task = Task {
      await fanOut.run { _ in
        started.enter()
        do {
          try await Task.sleep(for: .seconds(3600))
        } catch {
          cancelled.enter()
          throw error
        }
      }
    }
    try await until { started.now == 20 }
    task.cancel()
    let outcomes = await task.value
    #expect(cancelled.now == 20)
    #expect(outcomes.allSatisfy { if case .cancelled = $0 { true } else { false } })
  }

  @Test func progressOnlyGrows() async {
    let reports = Mutex<[(Double, Double?)]>([])
    var fanOut = fanOut(3, within: .seconds(60)) { done, total, _ in reports.withLock { $0.append((done, total)) } }
    fanOut.heartbeat = .milliseconds(10)
    _ = await fanOut.run { index in try await Task.sleep(for: .milliseconds(60 * (index + 1))) }
    let seen = reports.withLock { $0 }
    #expect(seen.count > 3)
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.0 < $1.0 })
    #expect(seen.allSatisfy { $0.1 == 3 })
    #expect(seen.last?.0 == 3)
  }
}
