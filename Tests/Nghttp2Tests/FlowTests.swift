import Nghttp2
import Testing

/// Windows, watermarks, resets and the end of a connection.
@Suite struct FlowTests {
  @Test func slowStreamDoesNotStallAnother() throws {
    var options = SessionOptions()
    options.streamWindow = 65_535
    options.connectionWindow = 1 << 20
    let (client, server) = (try End(.client), try End(.server, options))
    server.consumes = false
    try pump(client, server)
    let slow = try client.request(request, endStream: false)
    #expect(client.queue([UInt8](repeating: 1, count: 200_000), on: slow, endStream: true))
    try pump(client, server)
    #expect(server.data[slow]?.count == 65_535)

    let fast = try client.request(request, endStream: false)
    #expect(client.queue([UInt8](repeating: 2, count: 50_000), on: fast, endStream: true))
    try pump(client, server)
    #expect(server.data[fast]?.count == 50_000)

    while let count = server.data[slow]?.count, count < 200_000 {
      #expect(server.consume(65_000, on: slow))
      try pump(client, server)
      try #require((server.data[slow]?.count ?? 0) > count)
    }
  }

  /// Over distance what is in flight decides: after each round trip nearly all of the window is free again.
  @Test(arguments: [1000, 16_000, 65_535])
  func aWindowIsGivenBackAlmostWhole(piece: Int) throws {
    var options = SessionOptions()
    options.streamWindow = 1 << 20
    options.connectionWindow = 16 << 20
    let (client, server) = (try End(.client), try End(.server, options))
    server.consumes = false
    try pump(client, server)
    let stream = try client.request(request, endStream: false)
    #expect(client.queue([UInt8](repeating: 1, count: 10 << 20), on: stream, endStream: true))
    var passed = 0
    for roundTrip in 0..<8 {
      // All that the window lets pass, then all that comes back.
      try server.receive(try client.output(limit: .max))
      let received = (server.data[stream]?.count ?? 0) - passed
      #expect(received <= 1 << 20 && (roundTrip == 0 || received > 3 << 18), "\(roundTrip): \(received)")
      for start in stride(from: 0, to: received, by: piece) {
        #expect(server.consume(min(piece, received - start), on: stream))
      }
      passed += received
      try client.receive(try server.output())
    }
  }

  @Test func queueTellsWhenItIsWritableAgain() throws {
    var options = SessionOptions()
    options.highWatermark = 1000
    options.lowWatermark = 500
    let (client, server) = (try End(.client, options), try End(.server))
    try pump(client, server)
    let stream = try client.request(request, endStream: false)
    #expect(client.isWritable(stream))
    #expect(client.queue([UInt8](repeating: 0, count: 999), on: stream, endStream: false))
    #expect(client.isWritable(stream))
    #expect(client.queue([0], on: stream, endStream: false))
    #expect(!client.isWritable(stream))
    #expect(client.pendingBytes(on: stream) == 1000)
    try pump(client, server)
    #expect(client.events.filter { $0 == .writable(stream) }.count == 1)
    #expect(client.isWritable(stream))
  }

  @Test func resetReachesThePeer() throws {
    let (client, server) = (try End(.client), try End(.server))
    let stream = try client.request(request, endStream: false)
    try pump(client, server)
    #expect(client.reset(stream, code: 8))
    #expect(!client.reset(stream, code: 8))
    #expect(!client.queue([1], on: stream, endStream: true))
    try pump(client, server)
    let (here, there) = (try #require(client.closed(stream)), try #require(server.closed(stream)))
    #expect(here.code == 8 && here.by == .user)
    #expect(there.code == 8 && there.by == .peer)
    #expect(server.provokedResets == 0)
  }

  @Test func requestThatIsResetBeforeItLeftNeverLeaves() throws {
    let (client, server) = (try End(.client), try End(.server))
    try pump(client, server)
    let stream = try client.request(request, endStream: false)
    #expect(client.reset(stream, code: 8))
    try pump(client, server)
    #expect(client.closed(stream)?.by == .user)
    #expect(client.lastSentStream == 0)
    #expect(server.head(stream) == nil)
  }

  @Test func streamsAboveTheLimitAreRefused() throws {
    var options = SessionOptions()
    options.maxConcurrentStreams = 3
    let (client, server) = (try End(.client), try End(.server, options))
    // Sent before the server's SETTINGS have come.
    let streams = try (0..<5).map { _ in try client.request(request, endStream: false) }
    let first = try client.output()
    _ = try server.output()
    try server.receive(first)
    try client.receive(Frame.settings)
    try pump(client, server)
    #expect(streams.prefix(3).allSatisfy { server.head($0) != nil })
    #expect(streams.suffix(2).allSatisfy { client.closed($0)?.code == 7 })
  }

  @Test func graceful() throws {
    let (client, server) = (try End(.client), try End(.server))
    let early = try client.request(request, endStream: true)
    try pump(client, server)
    let late = try client.request(request, endStream: true)
    // The notice crosses the second request.
    let crossing = try client.output()
    #expect(server.shutdownNotice())
    #expect(server.ping(42))
    try client.receive(server.output())
    #expect(client.events.contains(.goAway(lastStream: .max, code: 0, debug: "")))
    #expect(!client.mayRequest)
    try server.receive(crossing + client.output())
    #expect(server.events.contains(.pingAcknowledged(42)))
    #expect(server.goAway(code: 0))
    for stream in [early, late] { #expect(server.respond(response, on: stream, endStream: true)) }
    try pump(client, server)
    #expect([early, late].allSatisfy { client.closed($0)?.code == 0 })
    for end in [client, server] { #expect(!end.wantsRead && !end.wantsWrite) }
  }

  @Test func callsThatDoNotFitDoNothing() throws {
    let (client, server) = (try End(.client), try End(.server))
    #expect(throws: SessionError.self) { try server.request(request, endStream: true) }
    let stream = try client.request(request, endStream: true)
    #expect(!client.respond(response, on: stream, endStream: true))
    #expect(!client.queue([1], on: stream, endStream: true))
    #expect(!server.respond(response, on: stream, endStream: true))
    try pump(client, server)
    #expect(!server.queue([1], on: stream, endStream: true), "data before the head")
    #expect(server.respond(response, on: stream, endStream: true))
    #expect(!server.respond(response, on: stream, endStream: true))
    try pump(client, server)
    #expect(!server.reset(stream, code: 8))
    #expect(!server.queue(trailers: HeaderBlock(), on: stream))
    #expect(server.pendingBytes(on: stream) == 0 && !server.isWritable(stream))
  }
}
