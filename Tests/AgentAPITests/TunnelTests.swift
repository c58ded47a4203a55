import HTTP2
import NIOCore
import NIOPosix
import ServiceLifecycle
import SwiftProtobuf
import Synchronization
import TestFleet
import Testing

@testable import AgentAPI

/// Agents that dial in, over real sockets on loopback.
@Suite(.timeLimit(.minutes(1))) struct TunnelTests {
  private static let stat = StatRequest.with { $0.host = "ok" }
  private static let hang = StatRequest.with { $0.host = "hang" }

  @Test func anAgentThatDialsIsAskedAsAnyOther() async throws {
    let guests = TunnelHouse.Guests()
    try await TunnelHouse.hub(guests: guests) { hub in
      try await TunnelHouse.dialling(ScriptedAgent(), port: hub.address.port!) { dialer, _ in
        try await until { guests["dc1/a"]?.isPresent == true }
        let agent = try #require(guests["dc1/a"])
        let (info, timings) = try await agent.stat(Self.stat, AgentHouse.context)
        #expect(info.size == 1 << 40 && timings == ScriptedAgent.timings)
        let bytes = Mutex(0)
        _ = try await agent.read(
          ReadRequest.with {
            $0.host = "ok"
            $0.limit = 8 << 20
          }, AgentHouse.context
        ) { chunk in bytes.withLock { $0 += chunk.data.count } }
        #expect(bytes.withLock { $0 } == 8 << 20)
        #expect(dialer.isConnected && dialer.attempts == 1 && hub.presentCount == 1)
      }
    }
  }

  @Test func anAgentThatStopsEndsItsWatchAtOnceAndItsCallsInPeace() async throws {
    let (guests, service) = (TunnelHouse.Guests(), ScriptedAgent())
    try await TunnelHouse.hub(guests: guests) { hub in
      try await TunnelHouse.dialling(service, port: hub.address.port!) { _, running in
        try await until { guests["dc1/a"]?.isPresent == true }
        let agent = try #require(guests["dc1/a"])
        async let watched = #expect(throws: AgentError.self) {
          try await agent.watch(WatchRequest(), AgentHouse.context) { _ in }
        }
        async let gated = agent.stat(StatRequest.with { $0.host = "gate" }, AgentHouse.context)
        await service.until { $0.started == 2 }
        await running.triggerGracefulShutdown()
        let error = await watched
        #expect(error?.code == .unreachable && error?.scope == .agent)
        try await until { !agent.isPresent }
        service.openGate()
        let (info, _) = try await gated
        #expect(info.size == 1 << 40)
      }
      #expect(hub.presentCount == 0 && guests.names == ["dc1/a"])
    }
  }

  @Test func aCallWithoutATunnelFailsInTimeAndNamesTheAgent() async throws {
    let guests = TunnelHouse.Guests()
    var settings = TunnelHouse.patient
    settings.patience = .milliseconds(50)
    try await TunnelHouse.hub(settings: settings, guests: guests) { hub in
      try await TunnelHouse.dialling(ScriptedAgent(), port: hub.address.port!) { _, _ in
        try await until { guests["dc1/a"]?.isPresent == true }
      }
      let agent = try #require(guests["dc1/a"])
      try await until { !agent.isPresent }
      let error = await #expect(throws: AgentError.self) { _ = try await agent.stat(Self.stat, AgentHouse.context) }
      #expect(error?.code == .unreachable && error?.scope == .agent && error?.mayHaveRun == false)
      #expect(error?.message.contains("dc1/a") == true)
    }
  }

  @Test func aSecondTunnelOfAnAgentTakesOverAndTheFirstDrains() async throws {
    let (guests, first, second) = (TunnelHouse.Guests(), ScriptedAgent(), ScriptedAgent())
    // The one that is replaced would dial again at once.
    var slow = TunnelHouse.patient
    slow.firstBackoff = .seconds(3600)
    slow.longestBackoff = .seconds(3600)
    try await TunnelHouse.hub(guests: guests) { hub in
      try await TunnelHouse.dialling(first, port: hub.address.port!, settings: slow) { old, _ in
        try await until { guests["dc1/a"]?.isPresent == true }
        let agent = try #require(guests["dc1/a"])
        async let gated = agent.stat(StatRequest.with { $0.host = "gate" }, AgentHouse.context)
        await first.until { $0.started == 1 }
        try await TunnelHouse.dialling(second, port: hub.address.port!) { _, _ in
          try await until { !old.isConnected }
          #expect(agent.isPresent && hub.presentCount == 1)
          _ = try await agent.stat(Self.stat, AgentHouse.context)
          #expect(second.current.started == 1 && first.current.started == 1)
          // What had begun on the first one finishes there.
          first.openGate()
        }
        let (info, _) = try await gated
        #expect(info.size == 1 << 40)
      }
    }
  }

  /// What it asks for is known to whoever is told of it; another priority is another agent.
  @Test func anAgentMayComeBackWithAnotherPriority() async throws {
    let guests = TunnelHouse.Guests()
    try await TunnelHouse.hub(guests: guests) { hub in
      let first = TunnelHouse.dialer(ScriptedAgent(), "a", priority: 2, port: hub.address.port!)
      try await AgentHouse.running(first) { _ in
        try await until { guests["dc1/a"]?.isPresent == true }
        #expect(guests["dc1/a"]?.priority == 2 && guests.left.isEmpty)
        let second = TunnelHouse.dialer(ScriptedAgent(), "a", port: hub.address.port!)
        try await AgentHouse.running(second) { _ in
          try await until { guests["dc1/a"]?.priority == 0 }
          #expect(guests.left == ["dc1/a"] && hub.presentCount == 1)
          let agent = try #require(guests["dc1/a"])
          let (info, _) = try await agent.stat(Self.stat, AgentHouse.context)
          #expect(info.size == 1 << 40)
          // The one before drains: its agent dials again.
          try await until { first.attempts > 1 }
        }
      }
    }
  }

  @Test func anAgentThatIsNotServingDoesNotReplaceOneThatIs() async throws {
    let (guests, service) = (TunnelHouse.Guests(), ScriptedAgent())
    try await TunnelHouse.hub(guests: guests) { hub in
      try await TunnelHouse.dialling(service, port: hub.address.port!) { _, _ in
        try await until { guests["dc1/a"]?.isPresent == true }
        // It greets as the same agent does, and refuses every stream.
        let identity = try #require(AgentIdentity(segment: "dc1", name: "a"))
        let stranger = try await HTTP2Connection.dial(
          host: "127.0.0.1", port: hub.address.port!, tls: nil,
          greeting: Greeting(line: TunnelHello(identity: identity).line) { _ in }, on: AgentHouse.group.next(),
          timeout: .seconds(50), logger: AgentHouse.logger
        ) { stream, _, _ in
          stream.reset(.refusedStream)
          return Deaf()
        }
        try? await stranger.closeFuture.get()
        _ = try await guests["dc1/a"]?.stat(Self.stat, AgentHouse.context)
        #expect(service.current.started == 1)
      }
    }
  }

  @Test func anAgentThatStaysAwayIsForgottenAndMayComeBack() async throws {
    let guests = TunnelHouse.Guests()
    var settings = TunnelHouse.patient
    settings.forgetAfter = .milliseconds(50)
    try await TunnelHouse.hub(settings: settings, guests: guests) { hub in
      for round in 1...2 {
        try await TunnelHouse.dialling(ScriptedAgent(), port: hub.address.port!) { _, _ in
          try await until { guests["dc1/a"]?.isPresent == true }
        }
        try await until { guests.left.count == round }
        #expect(guests.names.isEmpty)
      }
    }
  }

  @Test func thereIsNoRoomForMoreThanTheListenerTakes() async throws {
    let guests = TunnelHouse.Guests()
    try await TunnelHouse.hub(guests: guests, room: 1) { hub in
      try await TunnelHouse.dialling(ScriptedAgent(), "a", port: hub.address.port!) { _, _ in
        try await until { guests["dc1/a"]?.isPresent == true }
        try await TunnelHouse.dialling(ScriptedAgent(), "b", port: hub.address.port!) { dialer, _ in
          try await until { dialer.attempts >= 2 }
          #expect(guests.names == ["dc1/a"])
        }
      }
    }
  }

  @Test func aCoordinatorThatComesBackHasTwoHundredAgentsAgainWithoutAStorm() async throws {
    let count = 200
    let service = ScriptedAgent()
    let guests = TunnelHouse.Guests()
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      defer { tasks.cancelAll() }
      let (port, dialers) = try await TunnelHouse.hub(guests: guests) { hub in
        let port = hub.address.port!
        let dialers = (0..<count).map { TunnelHouse.dialer(service, "a\($0)", port: port) }
        for dialer in dialers { tasks.addTask { try await dialer.run() } }
        try await until { hub.presentCount == count }
        return (port, dialers)
      }
      let before = dialers.reduce(0) { $0 + $1.attempts }
      let back = TunnelHouse.Guests()
      let start = ContinuousClock.now
      try await TunnelHouse.hub(port: port, guests: back) { hub in
        try await until { hub.presentCount == count }
        let (elapsed, attempts) = (start.duration(to: .now), dialers.reduce(0) { $0 + $1.attempts } - before)
        print("\(count) agents were back after \(elapsed), by \(attempts) attempts")
        // One each, but for those that had just begun it, and a few that came too early or to a full house.
        #expect(attempts < 3 * count)
        #expect(back.names.count == count)
      }
    }
  }

  @Test func twoCoordinatorsHaveATunnelOfTheSameAgentEach() async throws {
    let (one, two, service) = (TunnelHouse.Guests(), TunnelHouse.Guests(), ScriptedAgent())
    try await TunnelHouse.hub(guests: one) { first in
      try await TunnelHouse.hub(guests: two) { second in
        try await TunnelHouse.dialling(service, port: first.address.port!) { _, _ in
          try await TunnelHouse.dialling(service, port: second.address.port!) { _, _ in
            for guests in [one, two] {
              try await until { guests["dc1/a"]?.isPresent == true }
              _ = try await guests["dc1/a"]?.stat(Self.stat, AgentHouse.context)
            }
            #expect(service.current.started == 2)
          }
        }
      }
    }
  }
}
