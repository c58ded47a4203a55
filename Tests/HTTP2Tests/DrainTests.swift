import HTTP2
import NIOConcurrencyHelpers
import NIOCore
import TestFleet
import Testing

/// The ends of connections: drain, loss, silence.
@Suite(.timeLimit(.minutes(1))) struct DrainTests {
  @Test(arguments: [true, false])
  func drainUnderLoadFailsNoStream(byServer: Bool) async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let done = NIOLockedValueBox(0)
    let stopped = NIOLockedValueBox(0)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<64 {
        group.addTask {
          while true {
            do throws(any Error) {
              let path = worker % 8 == 0 ? "/bulk/300000" : "/echo"
              let body = worker % 8 == 0 ? nil : ByteBuffer(string: "x")
              let reply = try await connection.exchange(path, body: body)
              #expect(reply.error == nil, "a stream that was opened finishes")
              done.withLockedValue { $0 += 1 }
            } catch {
              #expect((error as? HTTP2Error)?.code == .draining)
              #expect((error as? HTTP2Error)?.maybeProcessed == false)
              stopped.withLockedValue { $0 += 1 }
              return
            }
          }
        }
      }
      try await until { done.withLockedValue { $0 } >= 2000 }
      if byServer { await server.server.shutdown() } else { await connection.shutdown() }
    }
    #expect(stopped.withLockedValue { $0 } == 64)
    #expect(try await connection.unusable.get().code == .draining)
    try await connection.closeFuture.get()
    await server.server.shutdown()
    #expect(server.server.connectionCount == 0)
  }

  @Test func graceEnds() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let held = Task { try await connection.exchange("/silent") }
    try await until { !server.log.paths.isEmpty }
    let began = ContinuousClock.now
    await server.server.shutdown(grace: .milliseconds(200))
    #expect(ContinuousClock.now - began < .seconds(20))
    #expect(try await held.value.error?.code == .connectionClosed)
    #expect(try await server.log.ending(of: "/silent")?.code == .connectionClosed)
  }

  @Test func lossEndsAllStreams() async throws {
    let server = try await TestServer.start()
    let connection = try await server.connect()
    let held = (0..<5).map { number in Task { try await connection.exchange("/silent/\(number)") } }
    try await until { server.log.paths.count >= 5 }
    await connection.close()
    for task in held {
      let error = try await task.value.error
      #expect(error?.code == .connectionClosed && error?.maybeProcessed == true)
    }
    for number in 0..<5 {
      #expect(try await server.log.ending(of: "/silent/\(number)")?.code == .connectionClosed)
    }
    let error = await #expect(throws: HTTP2Error.self) { try await connection.exchange("/echo") }
    #expect(error?.code == .connectionClosed)
    await server.server.shutdown()
  }

  @Test func silentPeerIsGivenUp() async throws {
    let peer = try await RawPeer.start(says: RawPeer.settings)
    var settings = HTTP2Settings()
    settings.pingAfter = .milliseconds(500)
    settings.pingTimeout = .milliseconds(500)
    let connection = try await peer.connect(settings, timeout: .seconds(10))
    let reply = try await connection.exchange("/echo")
    #expect(reply.error?.code == .pingTimeout)
    #expect(try await connection.unusable.get().code == .pingTimeout)
    await peer.stop()
  }

  @Test func idleConnectionOfTwoLivingEndsStays() async throws {
    var settings = HTTP2Settings()
    settings.pingAfter = .milliseconds(20)
    settings.pingTimeout = .seconds(5)
    let server = try await TestServer.start(settings: settings)
    let connection = try await server.connect(settings)
    // Some dozens of PINGs go both ways.
    try await connection.eventLoop.scheduleTask(in: .seconds(1)) {}.futureResult.get()
    #expect(try await connection.exchange("/echo", body: ByteBuffer(string: "x")).error == nil)
    await server.server.shutdown()
  }

  @Test func peerThatNeverSpeaksHTTP2TimesOut() async throws {
    let peer = try await RawPeer.start(says: [])
    let error = await #expect(throws: HTTP2Error.self) {
      try await peer.connect(HTTP2Settings(), timeout: .milliseconds(200))
    }
    #expect(error?.code == .connectFailed && error?.maybeProcessed == false)
    await peer.stop()
  }

  @Test func connectingIsCancelled() async throws {
    let peer = try await RawPeer.start(says: [])
    let began = ContinuousClock.now
    let attempt = Task { try await peer.connect(HTTP2Settings(), timeout: .seconds(50)) }
    attempt.cancel()
    let error = await #expect(throws: HTTP2Error.self) { try await attempt.value }
    #expect(error?.maybeProcessed == false)
    #expect(ContinuousClock.now - began < .seconds(20))
    await peer.stop()
  }

  @Test func peerThatSpeaksSomethingElseIsRefused() async throws {
    let peer = try await RawPeer.start(says: Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8))
    let error = await #expect(throws: HTTP2Error.self) {
      try await peer.connect(HTTP2Settings(), timeout: .seconds(10))
    }
    #expect(error?.code == .protocolViolation)
    #expect(error?.message.contains("does not support HTTP/2") == true)
    await peer.stop()
  }

  @Test func clientThatNeverSpeaksIsDropped() async throws {
    var settings = HTTP2Settings()
    settings.handshakeTimeout = .milliseconds(100)
    let server = try await TestServer.start(settings: settings)
    let client = try await RawPeer.connect(port: server.port, says: [])
    try await client.closeFuture.get()
    await server.server.shutdown()
  }

  @Test func connectionsAreBounded() async throws {
    var settings = HTTP2Settings()
    settings.maxConnections = 2
    let server = try await TestServer.start(settings: settings)
    let kept = [try await server.connect(), try await server.connect()]
    await #expect(throws: HTTP2Error.self) { try await server.connect() }
    for connection in kept {
      #expect(try await connection.exchange("/echo", body: ByteBuffer(string: "x")).error == nil)
    }
    await server.server.shutdown()
  }

  /// Whatever happens on it: a place is nobody's for ever.
  @Test func aConnectionOfItsAgeIsClosed() async throws {
    var settings = HTTP2Settings()
    settings.maxConnections = 1
    settings.maxConnectionAge = .seconds(1)
    let server = try await TestServer.start(settings: settings)
    let first = try await server.connect()
    #expect(try await first.exchange("/echo", body: ByteBuffer(string: "x")).error == nil)
    try await first.closeFuture.get()
    let second = try await server.connect()
    #expect(try await second.exchange("/echo", body: ByteBuffer(string: "x")).error == nil)
    await server.server.shutdown()
  }

  @Test func clientThatResetsWithoutEndIsDropped() async throws {
    var settings = HTTP2Settings()
    settings.resetBurst = 20
    settings.resetsPerSecond = 1
    let server = try await TestServer.start(settings: settings)
    let connection = try await server.connect()
    var ended = false
    for _ in 0..<100 where !ended {
      do {
        _ = try await connection.exchange("/hold", body: ByteBuffer(), endStream: false) { $0.resets = true }
      } catch {
        ended = true
      }
    }
    #expect(ended)
    try await connection.closeFuture.get()
    await server.server.shutdown()
  }
}
