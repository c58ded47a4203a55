import AgentAPI
import Routing
import TestFleet
import Testing

@testable import Agent

@Suite struct AdmissionTests {
  private static func context(_ timeout: Duration = .seconds(60), _ importance: CallImportance = .interactive)
    -> CallContext
  {
    CallContext(deadline: .now + timeout, requestID: "r", principal: "p", importance: importance)
  }

  private static func figures(_ door: Admission) -> LoadFigures {
    var figures = LoadFigures()
    door.report(in: &figures)
    return figures
  }

  @Test func theNinthOfAHostWaitsForOneOfTheEight() async throws {
    let door = Admission()
    var tickets: [Admission.Ticket] = []
    for _ in 0..<8 { tickets.append(try await door.enter("h", Self.context())) }
    #expect(tickets.allSatisfy { $0.queued == .zero } && Self.figures(door).inFlight == 8)
    try await withThrowingTaskGroup(of: Admission.Ticket.self) { group in
      group.addTask { try await door.enter("h", Self.context()) }
      try await until { Self.figures(door).waiting == 1 }
      let other = try await door.enter("other", Self.context())
      door.leave(other, latency: nil)
      door.leave(tickets[0], latency: nil)
      let ninth = try #require(try await group.next())
      #expect(ninth.queued > .zero)
      door.leave(ninth, latency: .milliseconds(1))
    }
    for ticket in tickets { door.leave(ticket, latency: nil) }
    #expect(Self.figures(door).inFlight == 0 && Self.figures(door).waiting == 0)
  }

  @Test func whoIsCancelledWhileItWaitsLeavesNothingBehind() async throws {
    let door = Admission()
    var tickets: [Admission.Ticket] = []
    for _ in 0..<8 { tickets.append(try await door.enter("h", Self.context())) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<5 {
        group.addTask {
          await #expect(throws: CancellationError.self) { try await door.enter("h", Self.context()) }
        }
      }
      try await until { Self.figures(door).waiting == 5 }
      group.cancelAll()
    }
    #expect(Self.figures(door).waiting == 0)
    for ticket in tickets { door.leave(ticket, latency: nil) }
    #expect(Self.figures(door).inFlight == 0)
  }

  @Test func whatIsTooMuchIsTurnedAwayWithATimeToComeBack() async throws {
    let door = Admission()
    var tickets: [Admission.Ticket] = []
    for _ in 0..<8 { tickets.append(try await door.enter("h", Self.context())) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<64 {
        group.addTask {
          await #expect(throws: CancellationError.self) { try await door.enter("h", Self.context()) }
        }
      }
      try await until { Self.figures(door).waiting == 64 }
      let error = await #expect(throws: AgentError.self) { try await door.enter("h", Self.context()) }
      #expect(error?.code == .overloaded && error?.scope == .agent && error?.mayHaveRun == false)
      #expect(error?.retryAfter.map { $0 >= .milliseconds(50) } == true)
      #expect(Self.figures(door).refused == 1)
      // The others are served as if nothing were.
      if let other = try? await door.enter("other", Self.context()) { door.leave(other, latency: nil) }
      group.cancelAll()
    }
    for ticket in tickets { door.leave(ticket, latency: nil) }
    #expect(Self.figures(door).inFlight == 0 && Self.figures(door).waiting == 0)
  }

  /// Thousands that come, park, fail and give up in any order: each has one answer, and nothing is left.
  @Test func nothingIsLeftOfAStorm() async throws {
    let door = Admission()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<4000 {
        group.addTask {
          var random = Mix64(seed: UInt64(index))
          let host = "h\(random.next() % 5)"
          let importance = CallImportance.allCases[Int(random.next() % 3)]
          await withTaskGroup(of: Void.self) { inner in
            inner.addTask {
              guard let ticket = try? await door.enter(host, Self.context(.seconds(60), importance)) else { return }
              if index % 3 == 0 {
                door.park(ticket)
                await Task.yield()
                if index % 2 == 0 { door.resume(ticket) }
              }
              await Task.yield()
              door.leave(ticket, latency: index % 5 == 0 ? nil : .microseconds(500))
            }
            if index % 7 == 0 {
              await Task.yield()
              inner.cancelAll()
            }
          }
        }
      }
    }
    let figures = Self.figures(door)
    #expect(figures.inFlight == 0 && figures.waiting == 0 && figures.limit >= 8)
  }

  @Test func aHostsPaceIsItsOwn() {
    var (near, far) = (HostPace(), HostPace())
    #expect(near.ratio(of: 0.001) == 1 && far.ratio(of: 0.2) == 1)
    for _ in 0..<20 {
      #expect(abs(near.ratio(of: 0.001) - 1) < 0.01)
      #expect(abs(far.ratio(of: 0.2) - 1) < 0.01)
    }
    #expect(near.ratio(of: 0.01) > 9)
    #expect(near.ratio(of: 0) == 1)
  }
}
