import HTTP2
import NIOCore
import TestFleet
import Testing

/// Streams over real sockets.
@Suite(.timeLimit(.minutes(1))) struct StreamTests {
  @Test func echo() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let reply = try await connection.exchange("/echo", body: ByteBuffer(string: "hello"))
    #expect(reply.status == "200" && reply.error == nil)
    #expect(String(buffer: reply.body) == "hello")
    #expect(reply.trailers == [HTTP2Header("grpc-status", "0")])
    #expect(try await server.log.ending(of: "/echo") == nil)
    await connection.shutdown()
    await server.server.shutdown()
  }

  @Test func largeBodiesBothWays() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    var body = ByteBuffer()
    for number in 0..<700_000 { body.writeInteger(UInt64(number) &* 0x9e37_79b9_7f4a_7c15) }
    let reply = try await connection.exchange("/echo", body: body)
    #expect(reply.error == nil)
    #expect(reply.body == body)
    await server.server.shutdown()
  }

  @Test func manyStreamsAtOnceOnManyConnections() async throws {
    let server = try await TestServer.start()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        let connection = try await server.connect()
        for number in 0..<200 {
          group.addTask {
            let reply = try await connection.exchange("/echo", body: ByteBuffer(string: "body \(number)"))
            #expect(reply.error == nil && String(buffer: reply.body) == "body \(number)")
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(server.log.paths.count == 800)
    #expect(server.server.connectionCount == 4)
    await server.server.shutdown()
    #expect(server.server.connectionCount == 0)
  }

  @Test func slowStreamNeverStallsAnother() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let held = Task {
      try await connection.exchange("/bulk/50000000") { $0.holds = true }
    }
    // A window's worth of the slow stream is here and nobody takes it; others pass it by.
    for _ in 0..<20 {
      let reply = try await connection.exchange("/bulk/3000000")
      #expect(reply.error == nil && reply.body.readableBytes == 3_000_000)
    }
    #expect(server.log.paths.contains("/bulk/50000000"))
    await connection.close()
    let reply = try await held.value
    #expect(reply.error?.code == .connectionClosed)
    #expect(reply.body.readableBytes <= 1 << 20)
    await server.server.shutdown()
  }

  @Test func manySlowStreamsDoNotShutTheConnection() async throws {
    var settings = HTTP2Settings()
    settings.connectionWindow = 4 << 20
    let server = try await TestServer.start()
    let connection = try await server.connect(settings)
    // Each is reset with bytes of it unread: they come back to the connection's window.
    for number in 0..<12 {
      let reply = try await connection.exchange("/bulk/\(5_000_000 + number)") {
        $0.holds = true
        $0.resets = true
      }
      #expect(reply.error?.code == .streamReset(.cancel))
    }
    let reply = try await connection.exchange("/bulk/8000000")
    #expect(reply.error == nil && reply.body.readableBytes == 8_000_000)
    await server.server.shutdown()
  }

  @Test func resetReachesTheServer() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let reply = try await connection.exchange("/hold", body: ByteBuffer(string: "x"), endStream: false) {
      $0.resets = true
    }
    #expect(reply.error?.code == .streamReset(.cancel))
    #expect(reply.error?.maybeProcessed == true)
    #expect(try await server.log.ending(of: "/hold")?.code == .streamReset(.cancel))
    await server.server.shutdown()
  }

  @Test func refusalSaysThatNothingWasDone() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let reply = try await connection.exchange("/refuse")
    #expect(reply.error?.code == .refusedStream)
    #expect(reply.error?.maybeProcessed == false && reply.error?.scope == .stream)
    await server.server.shutdown()
  }

  @Test func noMoreStreamsThanThePeerAllows() async throws {
    var settings = HTTP2Settings()
    settings.maxConcurrentStreams = 3
    let server = try await TestServer.start(settings: settings)
    let connection = try await server.connect()
    #expect(try await connection.onLoop { connection.availableStreams } == 3)
    let held = (0..<3).map { _ in Task { try await connection.exchange("/silent") } }
    try await until { try await connection.onLoop { connection.availableStreams } == 0 }
    let error = await #expect(throws: HTTP2Error.self) { try await connection.exchange("/echo") }
    #expect(error?.code == .tooManyStreams && error?.maybeProcessed == false)
    await connection.close()
    for task in held { #expect(try await task.value.error?.code == .connectionClosed) }
    await server.server.shutdown()
  }

  @Test func queueIsBounded() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let reply = try await connection.exchange("/flood/20000000")
    #expect(reply.error?.code == .streamReset(.internalError))
    #expect(try await server.log.ending(of: "/flood/20000000")?.code == .queueFull)
    await server.server.shutdown()
  }

  @Test func oversizedHeadFailsItsStreamOnly() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let large = try await connection.exchange("/" + String(repeating: "x", count: 20_000))
    #expect(large.error?.code == .streamReset(.internalError))
    let small = try await connection.exchange("/echo", body: ByteBuffer(string: "x"))
    #expect(small.error == nil)
    await server.server.shutdown()
  }
}
