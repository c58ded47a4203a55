package import AgentAPI
import EventLoopTasks

/// Asks many hosts side by side, with one deadline for all. A value.
///
/// When the deadline comes, what has been answered is returned, and what has not is named: a dead host costs the others nothing.
/// Work that still runs is cancelled; `AgentService` ends a cancelled call promptly, and `run` returns when it has.
package struct FanOut: Sendable {
  /// How one of the asked came out.
  package enum Outcome<Value: Sendable>: Sendable {
    case answered(Value)
    case failed(AgentError)
    /// The deadline came first. `started` is false for what was still waiting for its turn.
    case unanswered(started: Bool)
    /// The whole call was cancelled.
    case cancelled
  }

  /// What a call may tell its client while it goes on: how many are done, of how many.
  package typealias Progress = @Sendable (_ done: Double, _ total: Double?, _ message: String) -> Void

  private enum Event<Value: Sendable>: Sendable {
    case ended(Int, Outcome<Value>)
    case deadline
    case heartbeat
  }

  package let count: Int
  /// Of this call, at once.
  package let width: Int
  package let deadline: ContinuousClock.Instant
  /// Of all calls, at once.
  package let gate: ConcurrencyGate
  package let progress: Progress?
  /// Between two reports of progress at most, when nothing ends meanwhile.
  package var heartbeat: Duration = .seconds(8)

  package init(
    count: Int, width: Int, deadline: ContinuousClock.Instant, gate: ConcurrencyGate, progress: Progress? = nil
  ) {
    self.count = count
    self.width = width
    self.deadline = deadline
    self.gate = gate
    self.progress = progress
  }

  /// - Parameter operation: asks the one with this index; throws `AgentError`.
  /// - Returns: one outcome for each, in order.
  package func run<Value: Sendable>(
    _ operation: @escaping @Sendable (Int) async throws -> Value
  ) async -> [Outcome<Value>] {
    var outcomes = [Outcome<Value>](repeating: .unanswered(started: false), count: count)
    guard count > 0 else { return outcomes }
    await withTaskGroup(of: Event<Value>.self) { group in
      var next = 0
      var running = 0
      var done = 0
      var expired = false
      var beats = 0
      func start() {
        let index = next
        next += 1
        running += 1
        group.addTask { await attempt(index, operation) }
      }
      group.addTask { [deadline] in
        await ContinuousClock.wait(until: deadline)
        return .deadline
      }
      if progress != nil { group.addTask { [heartbeat] in await Self.beat(heartbeat) } }
      while next < min(count, width) { start() }
      while running > 0, let event = await group.next() {
        switch event {
        case .ended(let index, let outcome):
          outcomes[index] = outcome
          running -= 1
          done += 1
          beats = 0
          progress?(Double(done), Double(count), "\(done) of \(count) hosts")
          if next < count, !expired { start() }
        case .deadline:
          expired = true
          group.cancelAll()
        case .heartbeat:
          guard !expired else { break }
          // Progress must grow: a part of a host that never becomes a whole one.
          beats += 1
          let count = Double(done) + Double(beats) / Double(beats + 1)
          progress?(count, Double(self.count), "\(done) of \(self.count) hosts, waiting")
          group.addTask { [heartbeat] in await Self.beat(heartbeat) }
        }
      }
      group.cancelAll()
    }
    if Task.isCancelled {
      for index in outcomes.indices {
        if case .unanswered = outcomes[index] { outcomes[index] = .cancelled }
      }
    }
    return outcomes
  }

  private func attempt<Value: Sendable>(
    _ index: Int, _ operation: @Sendable (Int) async throws -> Value
  ) async -> Event<Value> {
    do {
      try await gate.enter()
    } catch {
      return .ended(index, .unanswered(started: false))
    }
    defer { gate.leave() }
    do {
      return .ended(index, .answered(try await operation(index)))
    } catch let error as AgentError {
      // Cancelled by us, that is, by the deadline.
      if error.code == .cancelled, Task.isCancelled { return .ended(index, .unanswered(started: true)) }
      return .ended(index, .failed(error))
    } catch is CancellationError {
      return .ended(index, .unanswered(started: true))
    } catch {
      let unexpected = AgentError(code: .internal, message: "Unexpected fault: \(type(of: error)). Please report this.")
      return .ended(index, .failed(unexpected))
    }
  }

  private static func beat<Value: Sendable>(_ interval: Duration) async -> Event<Value> {
    await ContinuousClock.wait(until: .now + interval)
    return .heartbeat
  }
}
