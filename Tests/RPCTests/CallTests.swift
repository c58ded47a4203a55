import HTTP2
import NIOCore
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct CallTests {
  @Test func unaryCarriesMessageAndMetadataBothWays() async throws {
    let echo = RPCHandler.unary { message, call in
      var trailers = metadata(["x-answer": call.metadata["x-question"] ?? ""])
      trailers.add("x-bytes-bin", bytes: call.metadata.bytes("x-bytes-bin") ?? [])
      return RPCAnswer(FramedMessage(message), trailers: trailers)
    }
    try await Loopback.with(["/t/Echo": echo]) { loopback in
      var question = metadata(["x-question": "why"])
      question.add("x-bytes-bin", bytes: [0, 255, 10])
      let reply = try await loopback.client.unary(
        "/t/Echo", framed("hello"), metadata: question, deadline: Loopback.later)
      #expect(reply.message == ByteBuffer(string: "hello"))
      #expect(reply.trailers["x-answer"] == "why")
      #expect(reply.trailers.bytes("x-bytes-bin") == [0, 255, 10])
      let empty = try await loopback.client.unary("/t/Echo", framed(""), deadline: Loopback.later)
      #expect(empty.message.readableBytes == 0)
    }
  }

  @Test func largeMessagesPassBothWays() async throws {
    let echo = RPCHandler.unary { message, _ in RPCAnswer(FramedMessage(message)) }
    try await Loopback.with(["/t/Echo": echo]) { loopback in
      let large = ByteBuffer(repeating: 7, count: 4 << 20)
      let reply = try await loopback.client.unary("/t/Echo", FramedMessage(large), deadline: Loopback.later)
      #expect(reply.message == large)
    }
  }

  @Test func serverStreamComesInOrderAndWithTrailers() async throws {
    let count = RPCHandler.serverStream { message, _, reply in
      for index in 0..<Int(String(buffer: message))! { try await reply.write(framed(index == 1 ? "" : "\(index)")) }
      return metadata(["x-done": "yes"])
    }
    try await Loopback.with(["/t/Count": count]) { loopback in
      for wanted in [0, 1, 2000] {
        let seen = Counter()
        let trailers = try await loopback.client.serverStream("/t/Count", framed("\(wanted)"), deadline: Loopback.later)
        {
          let index = seen.add() - 1
          #expect(String(buffer: $0) == (index == 1 ? "" : "\(index)"))
        }
        #expect(seen.current == wanted)
        #expect(trailers["x-done"] == "yes")
      }
    }
  }

  @Test func clientStreamIsReadToItsEnd() async throws {
    let sum = RPCHandler.clientStream { request, _ in
      var sum = 0
      while let message = try await request.next() { sum += message.readableBytes }
      return RPCAnswer(framed("\(sum)"))
    }
    try await Loopback.with(["/t/Sum": sum]) { loopback in
      for count in [0, 1, 500] {
        let reply = try await loopback.client.clientStream("/t/Sum", deadline: Loopback.later) { writer in
          for _ in 0..<count { try await writer.write(FramedMessage(ByteBuffer(repeating: 1, count: 10_000))) }
        }
        #expect(String(buffer: reply.message) == "\(count * 10_000)")
      }
    }
  }

  @Test func clientStreamMayBeAnsweredEarly() async throws {
    let first = RPCHandler.clientStream { request, _ in
      RPCAnswer(FramedMessage(try await request.next() ?? ByteBuffer()))
    }
    try await Loopback.with(["/t/First": first]) { loopback in
      let reply = try await loopback.client.clientStream("/t/First", deadline: Loopback.later) { writer in
        try await writer.write(framed("one"))
        while true { try await writer.write(FramedMessage(ByteBuffer(repeating: 1, count: 60_000))) }
      }
      #expect(String(buffer: reply.message) == "one")
    }
  }

  @Test func failureOfAHandlerIsTheCallsStatus() async throws {
    struct Secret: Error {}
    let routes: RPCServer.Routes = [
      "/t/Fail": .serverStream { _, _, reply in
        try await reply.write(framed("before"))
        throw RPCError(.dataLoss, "es fehlt: ü", metadata: metadata(["x-why": "because"]), retryAfter: .seconds(2))
      },
      "/t/Leak": .unary { _, _ in throw Secret() },
    ]
    try await Loopback.with(routes) { loopback in
      let seen = Counter()
      let failure = await #expect(throws: RPCError.self) {
        _ = try await loopback.client.serverStream("/t/Fail", framed(""), deadline: Loopback.later) { _ in seen.add() }
      }
      #expect(seen.current == 1)
      #expect(failure?.code == .dataLoss)
      #expect(failure?.message == "es fehlt: ü")
      #expect(failure?.metadata["x-why"] == "because")
      #expect(failure?.retryAfter == .seconds(2))
      let leak = await #expect(throws: RPCError.self) {
        _ = try await loopback.client.unary("/t/Leak", framed(""), deadline: Loopback.later)
      }
      #expect(leak?.code == .unknown)
      #expect(leak?.message == "the handler failed")
    }
  }

  @Test func unknownMethodIsUnimplementedAndHasNotRun() async throws {
    try await Loopback.with([:]) { loopback in
      let failure = await #expect(throws: RPCError.self) {
        _ = try await loopback.client.unary("/t/Nothing", framed(""), deadline: Loopback.later)
      }
      #expect(failure?.code == .unimplemented)
      #expect(failure?.mayHaveRun == false)
      #expect(failure?.message == "there is no method /t/Nothing")
    }
  }

  @Test func oversizedMessagesAreRefusedOnEverySide() async throws {
    let routes: RPCServer.Routes = [
      "/t/Grow": .unary { _, _ in RPCAnswer(FramedMessage(ByteBuffer(repeating: 1, count: (4 << 20) + 1))) },
      "/t/Echo": .unary { message, _ in RPCAnswer(FramedMessage(message)) },
      "/t/Sum": .clientStream { request, _ in
        while try await request.next() != nil {}
        return RPCAnswer(framed(""))
      },
    ]
    var generous = RPCSettings()
    generous.maxMessageBytes = 64 << 20
    let large = FramedMessage(ByteBuffer(repeating: 1, count: 5 << 20))

    func code(_ body: () async throws -> Void) async -> RPCCode? {
      await #expect(throws: RPCError.self) { try await body() }?.code
    }
    // The client's own limit, the server's on its answer.
    try await Loopback.with(routes) { loopback in
      #expect(
        await code { _ = try await loopback.client.unary("/t/Echo", large, deadline: Loopback.later) }
          == .resourceExhausted)
      #expect(
        await code { _ = try await loopback.client.unary("/t/Grow", framed(""), deadline: Loopback.later) }
          == .resourceExhausted)
    }
    // The server's limit on what comes.
    try await Loopback.with(routes, client: generous) { loopback in
      #expect(
        await code { _ = try await loopback.client.unary("/t/Echo", large, deadline: Loopback.later) }
          == .resourceExhausted)
      #expect(
        await code {
          _ = try await loopback.client.clientStream("/t/Sum", deadline: Loopback.later) { try await $0.write(large) }
        } == .resourceExhausted)
      // The connection is none the worse.
      let reply = try await loopback.client.unary("/t/Echo", framed("x"), deadline: Loopback.later)
      #expect(reply.message.readableBytes == 1)
    }
    // The client's limit on what comes.
    var strict = RPCSettings()
    strict.maxMessageBytes = 10
    try await Loopback.with(routes, client: strict) { loopback in
      #expect(
        await code { _ = try await loopback.client.unary("/t/Grow", framed(""), deadline: Loopback.later) }
          == .resourceExhausted)
    }
  }

  @Test func moreCallsThanStreamsWaitTheirTurn() async throws {
    var http2 = HTTP2Settings()
    http2.maxConcurrentStreams = 16
    let echo = RPCHandler.unary { message, _ in RPCAnswer(FramedMessage(message)) }
    try await Loopback.with(["/t/Echo": echo], http2: http2) { loopback in
      let answers = try await withThrowingTaskGroup(of: String.self) { group in
        for index in 0..<2000 {
          group.addTask {
            String(
              buffer: try await loopback.client.unary("/t/Echo", framed("\(index)"), deadline: Loopback.later).message)
          }
        }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(answers.count == 2000)
    }
  }

  @Test func callsThatWaitAreBounded() async throws {
    var http2 = HTTP2Settings()
    http2.maxConcurrentStreams = 1
    var settings = RPCSettings()
    settings.maxWaitingCalls = 1
    let running = Happening(), stopped = Happening()
    let hang = RPCHandler.unary { _, _ in
      running.happened()
      try await stopped.untilCancelled()
    }
    try await Loopback.with(["/t/Hang": hang], http2: http2, client: settings) { loopback in
      try await withThrowingTaskGroup(of: RPCError?.self) { group in
        for _ in 0..<3 {
          group.addTask {
            await #expect(throws: RPCError.self) {
              _ = try await loopback.client.unary("/t/Hang", framed(""), deadline: Loopback.later)
            }
          }
        }
        await running.wait()
        let first = try await group.next()!
        #expect(first?.code == .resourceExhausted)
        #expect(first?.mayHaveRun == false)
        group.cancelAll()
        while let next = try await group.next() { #expect(next?.code == .cancelled) }
      }
      await stopped.wait()
    }
  }
}
