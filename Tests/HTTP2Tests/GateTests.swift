import HTTP2
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestFleet
import Testing

/// Connections that are dialled by the side that serves.
@Suite(.timeLimit(.minutes(1))) struct GateTests {
  /// Sendable: state behind a lock. Who came in.
  private final class Book: Sendable {
    private let entries = NIOLockedValueBox<[(connection: HTTP2Connection, visitor: GreetingVisitor)]>([])

    func enter(_ connection: HTTP2Connection, _ visitor: GreetingVisitor) {
      entries.withLockedValue { $0.append((connection, visitor)) }
    }

    func first() async throws -> (connection: HTTP2Connection, visitor: GreetingVisitor) {
      while true {
        if let entry = entries.withLockedValue({ $0.first }) { return entry }
        try await Task.sleep(for: .milliseconds(2))
      }
    }
  }

  private func gate(
    _ book: Book = Book(), tls: HTTP2TLS? = nil, settings: HTTP2Settings = HTTP2Settings(), maxWaiting: Int = 64
  ) async throws -> HTTP2Gate {
    try await HTTP2Gate.bind(
      host: "127.0.0.1", port: 0, tls: tls, settings: settings, full: "full", maxWaiting: maxWaiting, group: loops,
      logger: quiet,
      greet: { $0.line.hasPrefix("hello") ? .welcome("come in") : .refuse("go away", reason: "test") },
      arrived: book.enter)
  }

  private func dial(
    _ gate: HTTP2Gate, tls: HTTP2TLS? = nil, line: String = "hello", settings: HTTP2Settings = HTTP2Settings(),
    log: ServerLog = ServerLog()
  ) async throws -> HTTP2Connection {
    try await HTTP2Connection.dial(
      host: "127.0.0.1", port: gate.localAddress.port ?? 0, tls: tls, settings: settings,
      greeting: Greeting(line: line) { answer throws(HTTP2Error) in
        guard answer == "come in" else {
          throw HTTP2Error(.connectFailed, "answered: \(answer)", scope: .connection, maybeProcessed: false)
        }
      }, on: loops.next(), timeout: .seconds(30), logger: quiet
    ) { stream, head, endStream in
      ServedStream(stream: stream, path: head.first(named: ":path") ?? "", endStream: endStream, log: log)
    }
  }

  @Test(arguments: [false, true])
  func whoeverWasDialledAsksAndWhoeverDialledServes(isSecure: Bool) async throws {
    let certificates = try await Certificates(spiffe: "spiffe://test/agent/dc1/a")
    let book = Book()
    let gate = try await gate(book, tls: isSecure ? certificates.server : nil)
    let served = try await dial(gate, tls: isSecure ? certificates.client : nil, line: "hello there")
    let (connection, visitor) = try await book.first()
    #expect(visitor.line == "hello there" && visitor.isAuthenticated == isSecure)
    #expect(visitor.uris == (isSecure ? ["spiffe://test/agent/dc1/a"] : []))
    let reply = try await connection.exchange("/echo", body: ByteBuffer(repeating: 1, count: 500_000))
    #expect(reply.error == nil && reply.body.readableBytes == 500_000)
    #expect(gate.connectionCount == 1 && gate.waitingCount == 0)
    // The side that serves drains, and the one that asks learns of it.
    await served.shutdown()
    #expect(try await connection.unusable.get().code == .draining)
    try await connection.closeFuture.get()
    await gate.shutdown()
  }

  /// Whoever dials a peer that is away does so for days.
  @Test func aDialThatIsRefusedLeavesNothingBehind() async throws {
    weak var left: Book?
    do {
      let book = Book()
      left = book
      await #expect(throws: HTTP2Error.self) {
        try await HTTP2Connection.dial(
          host: "127.0.0.1", port: 1, tls: nil, greeting: Greeting(line: "hello") { _ throws(HTTP2Error) in },
          on: loops.next(), timeout: .seconds(10), logger: quiet
        ) { stream, head, endStream in
          _ = book
          return ServedStream(stream: stream, path: "", endStream: endStream, log: ServerLog())
        }
      }
    }
    try await until { left == nil }
  }

  @Test func theGateDrainsWhatWasLetIn() async throws {
    let book = Book()
    let gate = try await gate(book)
    let served = try await dial(gate)
    _ = try await book.first()
    await gate.shutdown()
    #expect(try await served.unusable.get().code == .draining)
    try await served.closeFuture.get()
    #expect(gate.connectionCount == 0)
  }

  @Test func aRefusalIsToldToTheVisitor() async throws {
    let gate = try await gate()
    let error = await #expect(throws: HTTP2Error.self) { try await dial(gate, line: "good day") }
    #expect(error?.message == "answered: go away")
    try await until { gate.connectionCount == 0 }
    await gate.shutdown()
  }

  @Test func aFullHouseIsToldToTheVisitor() async throws {
    var settings = HTTP2Settings()
    settings.maxConnections = 1
    let book = Book()
    let gate = try await gate(book, settings: settings)
    _ = try await dial(gate)
    let error = await #expect(throws: HTTP2Error.self) { try await dial(gate) }
    #expect(error?.message == "answered: full")
    #expect(gate.connectionCount == 1)
    await gate.shutdown()
  }

  @Test func manyCancelsDoNotEndALinkWhoseEndsKnowEachOther() async throws {
    let book = Book()
    let gate = try await gate(book)
    _ = try await dial(gate, settings: HTTP2Settings().authenticated)
    let (connection, _) = try await book.first()
    // nghttp2's own limit is 1000 and 33 a second.
    for _ in 0..<20 {
      let streams = try await connection.onLoop {
        (0..<100).compactMap { _ in
          try? connection.openStream(head: HTTP2Connection.head("/hold"), endStream: false, handler: Unheard())
        }
      }
      #expect(streams.count == 100)
      // They have left once this has come back.
      _ = try await connection.exchange("/echo", body: ByteBuffer(string: "x"))
      try await connection.onLoop { for stream in streams { stream.reset(.cancel) } }
    }
    let reply = try await connection.exchange("/echo", body: ByteBuffer(string: "x"))
    #expect(reply.error == nil)
    await gate.shutdown()
  }

  @Test func whoeverComesFromAnotherAuthorityIsRefused() async throws {
    let (certificates, others) = (try await Certificates(), try await Certificates())
    let gate = try await gate(tls: certificates.server)
    var tls = others.client
    tls.trustRoots = certificates.client.trustRoots
    let error = await #expect(throws: HTTP2Error.self) { try await dial(gate, tls: tls) }
    #expect(error?.code == .tlsFailed)
    try await until { gate.connectionCount == 0 }
    // And nobody dials a gate of another authority.
    let foreign = await #expect(throws: HTTP2Error.self) { try await dial(gate, tls: others.client) }
    #expect(foreign?.code == .tlsFailed)
    await gate.shutdown()
  }

  @Test func aLineWithoutEndIsRefused() async throws {
    let gate = try await gate()
    let peer = try await RawPeer.connect(
      port: gate.localAddress.port ?? 0, says: Array(repeating: UInt8(ascii: "x"), count: 2000))
    try await peer.closeFuture.get()
    let other = try await RawPeer.connect(
      port: gate.localAddress.port ?? 0, says: Array(repeating: UInt8(ascii: "x"), count: 2000) + [10])
    try await other.closeFuture.get()
    try await until { gate.connectionCount == 0 }
    await gate.shutdown()
  }

  @Test func whoeverSaysNothingIsSentAwayAndThereIsABoundOnThem() async throws {
    var settings = HTTP2Settings()
    settings.handshakeTimeout = .milliseconds(300)
    let gate = try await gate(settings: settings, maxWaiting: 2)
    let port = gate.localAddress.port ?? 0
    let silent = [try await RawPeer.connect(port: port, says: []), try await RawPeer.connect(port: port, says: [])]
    let third = try await RawPeer.connect(port: port, says: [])
    for peer in silent + [third] { try await peer.closeFuture.get() }
    try await until { gate.waitingCount == 0 }
    // Greeted well, and then never a word of HTTP/2.
    let half = try await RawPeer.connect(port: port, says: Array("hello\n".utf8))
    try await half.closeFuture.get()
    try await until { gate.connectionCount == 0 }
    await gate.shutdown()
  }

  @Test func theGateClosesWhoeverStillGreets() async throws {
    let gate = try await gate()
    let peer = try await RawPeer.connect(port: gate.localAddress.port ?? 0, says: Array("hel".utf8))
    while gate.waitingCount == 0 { try await Task.sleep(for: .milliseconds(2)) }
    await gate.shutdown()
    try await peer.closeFuture.get()
  }

  @Test func helloMayComeInPiecesAndWithWhatFollows() async throws {
    let book = Book()
    let gate = try await gate(book)
    let peer = try await RawPeer.connect(port: gate.localAddress.port ?? 0, says: Array("hel".utf8))
    try await peer.writeAndFlush(ByteBuffer(bytes: Array("lo\n".utf8) + RawPeer.settings))
    _ = try await book.first()
    try await peer.close()
    await gate.shutdown()
  }
}

/// Confined to its event loop. Takes no notice.
private final class Unheard: HTTP2StreamHandler {
  func received(head: [HTTP2Header], endStream: Bool) {}
  func received(data: ByteBuffer, endStream: Bool) {}
  func received(trailers: [HTTP2Header]) {}
  func writable() {}
  func closed(_ error: HTTP2Error?) {}
}
