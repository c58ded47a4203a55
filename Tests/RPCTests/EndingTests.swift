import HTTP2
import NIOCore
import TestFleet
import Testing

@testable import RPC

/// How calls end early: deadlines, cancellation, a connection that goes.
@Suite(.timeLimit(.minutes(1))) struct EndingTests {
  @Test func deadlineEndsTheCallAndStopsTheHandler() async throws {
    let running = Counter(), stopped = Happening()
    let hang = RPCHandler.unary { _, _ in
      running.add()
      try await stopped.untilCancelled()
    }
    try await Loopback.with(["/t/Hang": hang]) { loopback in
      let reached = try await withGrowingTime { time in
        let start = ContinuousClock.now
        let failure = await #expect(throws: RPCError.self) {
          _ = try await loopback.client.unary("/t/Hang", framed(""), deadline: start + time)
        }
        #expect(failure?.code == .deadlineExceeded)
        #expect(start.duration(to: .now) >= time)
        return running.current > 0
      }
      #expect(reached)
      await stopped.wait()
    }
  }

  @Test func deadlineThatPassedAlreadyIsOneToo() async throws {
    try await Loopback.with(["/t/Echo": .unary { message, _ in RPCAnswer(FramedMessage(message)) }]) { loopback in
      let failure = await #expect(throws: RPCError.self) {
        _ = try await loopback.client.unary("/t/Echo", framed(""), deadline: .now - .seconds(1))
      }
      #expect(failure?.code == .deadlineExceeded)
    }
  }

  @Test func handlersOwnWordsOfThePassedDeadlineArrive() async throws {
    let running = Counter()
    let hang = RPCHandler.unary { _, call in
      running.add()
      #expect(call.deadline != nil)
      do {
        while true { try await Task.sleep(for: .seconds(60)) }
      } catch {
        throw RPCError(.deadlineExceeded, "my own words")
      }
    }
    var settings = RPCSettings()
    settings.deadlineGrace = .seconds(50)
    try await Loopback.with(["/t/Method": hang], server: settings) { loopback in
      let reached = try await withGrowingTime { time in
        let head = RawCall.head + [HTTP2Header("grpc-timeout", RPCTimeout.format(time))]
        let answer = try await RawCall.make(on: loopback.connection, head)
        #expect(answer.first(named: "grpc-status") == "4")
        guard running.current > 0 else { return false }
        #expect(answer.first(named: "grpc-message") == "my own words")
        return true
      }
      #expect(reached)
    }
  }

  @Test func handlerThatDoesNotStopIsAnsweredFor() async throws {
    let running = Counter(), release = Happening()
    let deaf = RPCHandler.unary { message, _ in
      running.add()
      // Not of this task, so not cancelled with it.
      await Task.detached { await release.wait() }.value
      return RPCAnswer(FramedMessage(message))
    }
    var settings = RPCSettings()
    settings.deadlineGrace = .milliseconds(1)
    try await Loopback.with(["/t/Method": deaf], server: settings) { loopback in
      let reached = try await withGrowingTime { time in
        let head = RawCall.head + [HTTP2Header("grpc-timeout", RPCTimeout.format(time))]
        let answer = try await RawCall.make(on: loopback.connection, head)
        #expect(answer.first(named: "grpc-status") == "4")
        #expect(answer.first(named: "grpc-message") == "the deadline passed before there was an answer")
        return running.current > 0
      }
      #expect(reached)
      for _ in 0..<4 { release.happened() }
    }
  }

  @Test func anAnswerBeforeTheWholeRequestGivesTheStreamBack() async throws {
    let early = RPCHandler.clientStream { _, _ in RPCAnswer(framed("enough")) }
    var settings = HTTP2Settings()
    settings.streamWindow = 65_535
    settings.connectionWindow = 65_535
    try await Loopback.with(["/t/Early": early], http2: settings) { loopback in
      let connection = loopback.connection
      let all = try await connection.eventLoop.submit { connection.availableStreams }.get()
      // The rest does not fit the window, which the handler never opens.
      let large = FramedMessage(ByteBuffer(repeating: 1, count: 1 << 20))
      let reply = try await loopback.client.unary("/t/Early", large, deadline: Loopback.later)
      #expect(reply.message == ByteBuffer(string: "enough"))
      try await until { try await connection.eventLoop.submit { connection.availableStreams }.get() == all }
    }
  }

  @Test func anAnswerThatNobodyTakesEndsWithItsStream() async throws {
    let large = RPCHandler.unary { _, _ in RPCAnswer(FramedMessage(ByteBuffer(repeating: 1, count: 1 << 20))) }
    var http2 = HTTP2Settings()
    http2.streamWindow = 65_535
    var settings = RPCSettings()
    settings.lastWordTimeout = .milliseconds(10)
    try await Loopback.with(["/t/Method": large], http2: http2, server: settings) { loopback in
      // Never gives back what it was sent.
      let failure = await #expect(throws: HTTP2Error.self) {
        _ = try await RawCall.make(on: loopback.connection, RawCall.head)
      }
      #expect(failure?.code == .streamReset(.internalError))
    }
  }

  @Test func aCallThatWaitsForAStreamIsWokenByLaterSettings() async throws {
    let peer = try await ReluctantPeer.start()
    let connection = try await peer.connect()
    let client = RPCClient(connection: connection, authority: "127.0.0.1", isSecure: false)
    let failure = await #expect(throws: RPCError.self) {
      _ = try await client.unary("/t/Method", framed(""), deadline: .now + .milliseconds(10))
    }
    #expect(failure?.code == .deadlineExceeded)
    #expect(failure?.mayHaveRun == false)
    let call = Task { try await client.unary("/t/Method", framed(""), deadline: Loopback.later) }
    try await Task.sleep(for: .milliseconds(20))
    peer.allowStreams()
    try await peer.requested.get()
    await connection.close()
    await #expect(throws: RPCError.self) { try await call.value }
    try await peer.listener.close()
  }

  @Test(arguments: [
    (":method", "GET", "405", "2"), ("content-type", "text/plain", "415", "2"), ("grpc-encoding", "gzip", "200", "12"),
    (":path", "/t/Other", "200", "12"),
  ])
  func whatIsNoCallIsAnsweredAndHarmsNothing(name: String, value: String, http: String, status: String) async throws {
    try await Loopback.with(["/t/Method": .unary { message, _ in RPCAnswer(FramedMessage(message)) }]) { loopback in
      let isThere = RawCall.head.contains { $0.name == name }
      let head =
        isThere
        ? RawCall.head.map { $0.name == name ? HTTP2Header(name, value) : $0 }
        : RawCall.head + [HTTP2Header(name, value)]
      let answer = try await RawCall.make(on: loopback.connection, head)
      #expect(answer.first(named: ":status") == http)
      #expect(answer.first(named: "grpc-status") == status)
      #expect(try await RawCall.make(on: loopback.connection, RawCall.head).first(named: "grpc-status") == "0")
    }
  }

  @Test(arguments: ["/t/Unary", "/t/Server", "/t/Client"])
  func callerThatGivesUpStopsTheHandler(path: String) async throws {
    let running = Happening(), stopped = Happening()
    let routes: RPCServer.Routes = [
      "/t/Unary": .unary { _, _ in
        running.happened()
        try await stopped.untilCancelled()
      },
      "/t/Server": .serverStream { _, _, reply in
        try await reply.write(framed("x"))
        running.happened()
        try await stopped.untilCancelled()
      },
      "/t/Client": .clientStream { request, _ in
        running.happened()
        do {
          while try await request.next() != nil {}
        } catch {
          stopped.happened()
          throw error
        }
        return RPCAnswer(framed(""))
      },
    ]
    try await Loopback.with(routes) { loopback in
      let failure = await withTaskGroup(of: (any Error)?.self) { group in
        group.addTask {
          do {
            switch path {
            case "/t/Unary": _ = try await loopback.client.unary(path, framed(""), deadline: Loopback.later)
            case "/t/Server":
              _ = try await loopback.client.serverStream(path, framed(""), deadline: Loopback.later) { _ in }
            default:
              _ = try await loopback.client.clientStream(path, deadline: Loopback.later) { writer in
                while true { try await writer.write(framed("x")) }
              }
            }
            return nil
          } catch {
            return error
          }
        }
        await running.wait()
        group.cancelAll()
        return await group.next()!
      }
      #expect(failure is CancellationError || (failure as? RPCError)?.code == .cancelled)
      await stopped.wait()
    }
  }

  @Test func receiverThatThrowsCancelsTheCall() async throws {
    struct Enough: Error {}
    let stopped = Happening()
    let flood = RPCHandler.serverStream { _, _, reply in
      do {
        while true { try await reply.write(framed("x")) }
      } catch {
        stopped.happened()
        throw error
      }
    }
    try await Loopback.with(["/t/Flood": flood]) { loopback in
      await #expect(throws: Enough.self) {
        _ = try await loopback.client.serverStream("/t/Flood", framed(""), deadline: Loopback.later) { _ in
          throw Enough()
        }
      }
      await stopped.wait()
    }
  }

  @Test func lostConnectionStopsTheHandlerAndFailsTheCall() async throws {
    let running = Happening(), stopped = Happening()
    let hang = RPCHandler.unary { _, _ in
      running.happened()
      try await stopped.untilCancelled()
    }
    try await Loopback.with(["/t/Hang": hang]) { loopback in
      async let failure = #expect(throws: RPCError.self) {
        _ = try await loopback.client.unary("/t/Hang", framed(""), deadline: Loopback.later)
      }
      await running.wait()
      await loopback.connection.close()
      let error = await failure
      #expect(error?.code == .unavailable)
      #expect(error?.mayHaveRun == true)
      #expect(error?.scope == .connection)
      await stopped.wait()
      let next = await #expect(throws: RPCError.self) {
        _ = try await loopback.client.unary("/t/Hang", framed(""), deadline: Loopback.later)
      }
      #expect(next?.code == .unavailable)
      #expect(next?.mayHaveRun == false)
    }
  }

  @Test func drainLetsCallsFinishAndTakesNoMore() async throws {
    let running = Happening(), release = Happening()
    let slow = RPCHandler.unary { message, _ in
      running.happened()
      await release.wait()
      return RPCAnswer(FramedMessage(message))
    }
    try await Loopback.with(["/t/Slow": slow]) { loopback in
      try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<10 {
          group.addTask {
            String(buffer: try await loopback.client.unary("/t/Slow", framed("done"), deadline: Loopback.later).message)
          }
        }
        for _ in 0..<10 { await running.wait() }
        async let shutdown: Void = loopback.server.shutdown(grace: .seconds(30))
        _ = try await loopback.connection.unusable.get()
        let late = await #expect(throws: RPCError.self) {
          _ = try await loopback.client.unary("/t/Slow", framed(""), deadline: Loopback.later)
        }
        #expect(late?.mayHaveRun == false)
        #expect(late?.scope == .connection)
        for _ in 0..<10 { release.happened() }
        while let answer = try await group.next() { #expect(answer == "done") }
        await shutdown
      }
    }
  }
}
