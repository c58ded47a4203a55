import Nghttp2
import Testing

/// Two ends back to back in memory, whole and byte at a time.
@Suite struct ExchangeTests {
  @Test(arguments: [Int.max, 7, 1])
  func requestWithBodyIsAnsweredWithBodyAndTrailers(chunk: Int) throws {
    let (client, server) = (try End(.client), try End(.server))
    server.answer = { server, event in
      guard case .data(let stream, _, endStream: true) = event else { return }
      #expect(server.respond(response, on: stream, endStream: false))
      #expect(server.queue(Array("pong".utf8), on: stream, endStream: false))
      #expect(server.queue(trailers: HeaderBlock(["grpc-status": "0"]), on: stream))
    }
    let stream = try client.request(request, endStream: false)
    #expect(client.queue(Array("pi".utf8), on: stream, endStream: false))
    #expect(client.queue(Array("ng".utf8), on: stream, endStream: true))
    try pump(client, server, chunk: chunk)

    #expect(server.head(stream) == request)
    #expect(server.data[stream] == Array("ping".utf8))
    #expect(client.head(stream) == response)
    #expect(client.data[stream] == Array("pong".utf8))
    #expect(client.events.contains(.trailers(stream, HeaderBlock(["grpc-status": "0"]))))
    for end in [client, server] {
      #expect(end.events.contains(.closed(stream, code: 0, by: .session)))
      #expect(end.events.contains(.settings) && end.events.contains(.settingsAcknowledged))
      #expect(end.openStreams == 0)
    }
  }

  @Test func answerMayBeTrailersOnly() throws {
    let (client, server) = (try End(.client), try End(.server))
    server.answer = { server, event in
      guard case .head(let stream, _, _) = event else { return }
      #expect(server.respond(response, on: stream, endStream: false))
      #expect(server.queue(trailers: HeaderBlock(["grpc-status": "5"]), on: stream))
    }
    let stream = try client.request(request, endStream: true)
    try pump(client, server)
    #expect(client.data[stream] == nil)
    #expect(client.events.contains(.trailers(stream, HeaderBlock(["grpc-status": "5"]))))
    #expect(client.closed(stream)?.code == 0)
  }

  @Test func trailersWaitForDataThatIsQueuedLater() throws {
    let (client, server) = (try End(.client), try End(.server))
    let stream = try client.request(request, endStream: false)
    try pump(client, server)
    #expect(server.respond(response, on: stream, endStream: false))
    try pump(client, server)
    for byte in UInt8(0)..<5 {
      #expect(server.queue([byte], on: stream, endStream: false))
      try pump(client, server)
    }
    #expect(server.queue(trailers: HeaderBlock(["grpc-status": "0"]), on: stream))
    #expect(client.queue([UInt8](), on: stream, endStream: true))
    try pump(client, server)
    #expect(client.data[stream] == [0, 1, 2, 3, 4])
    #expect(client.closed(stream)?.by == .session)
  }

  @Test(arguments: [Int.max, 1000])
  func bodyLargerThanEveryWindowArrivesWhole(chunk: Int) throws {
    var options = SessionOptions()
    options.streamWindow = 100_000
    options.connectionWindow = 150_000
    let (client, server) = (try End(.client), try End(.server, options))
    let body = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let stream = try client.request(request, endStream: false)
    for start in stride(from: 0, to: body.count, by: 30_000) {
      let end = min(start + 30_000, body.count)
      #expect(client.queue(Array(body[start..<end]), on: stream, endStream: end == body.count))
    }
    try pump(client, server, chunk: chunk)
    #expect(server.data[stream] == body)
    #expect(client.pendingBytes(on: stream) == 0)
  }

  @Test func manyStreamsAtOnce() throws {
    let (client, server) = (try End(.client), try End(.server))
    server.answer = { server, event in
      guard case .head(let stream, _, _) = event else { return }
      #expect(server.respond(response, on: stream, endStream: true))
    }
    try pump(client, server)
    for _ in 0..<50 {
      for _ in 0..<256 { _ = try client.request(request, endStream: true) }
      try pump(client, server)
    }
    #expect(
      client.events.filter { if case .closed(_, code: 0, by: .session) = $0 { true } else { false } }.count == 12_800)
    #expect(client.openStreams == 0 && server.openStreams == 0)
  }

  @Test func streamsShareTheConnectionFairly() throws {
    let (client, server) = (try End(.client), try End(.server))
    try pump(client, server)
    let streams = try (0..<2).map { _ in try client.request(request, endStream: false) }
    for stream in streams {
      #expect(client.queue([UInt8](repeating: 1, count: 400_000), on: stream, endStream: true))
    }
    try server.receive(client.output())
    let order = server.events.compactMap { if case .data(let stream, _, _) = $0 { stream } else { nil } }
    // Neither runs ahead of the other by more than a few frames.
    #expect(Set(order.prefix(8)) == Set(streams))
    #expect(Set(order.suffix(8)) == Set(streams))
  }

  @Test func informationalHeadsAreNotTold() throws {
    let client = try End(.client)
    let stream = try client.request(request, endStream: true)
    _ = try client.output()
    let informational = Frame.literals([(":status", "103"), ("link", "x")])
    let final = Frame.literals([(":status", "204")])
    try client.receive(
      Frame.settings + Frame.make(.headers, flags: 0x4, stream: stream, informational)
        + Frame.make(.headers, flags: 0x5, stream: stream, final))
    #expect(client.events.contains(.head(stream, HeaderBlock([":status": "204"]), endStream: true)))
    #expect(client.events.filter { if case .head = $0 { true } else { false } }.count == 1)
  }
}
