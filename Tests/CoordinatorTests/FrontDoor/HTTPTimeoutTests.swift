import Coordinator
import NIOCore
import NIOPosix
import Testing

/// Connections that keep the server waiting are closed.
@Suite struct HTTPTimeoutTests {
  struct Stall: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var sent: String
  }

  static let stalls = [
    Stall(testDescription: "says nothing", sent: ""),
    Stall(testDescription: "stops inside the head", sent: "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-"),
    Stall(
      testDescription: "stops inside the body",
      sent: "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"),
    Stall(
      testDescription: "keeps the connection without a request", sent: "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    ),
  ]

  @Test(arguments: stalls) func aStalledConnectionIsClosed(stall: Stall) async throws {
    try await RunningDoor.with {
      $0.limits.head = .milliseconds(500)
      $0.limits.request = .milliseconds(500)
      $0.limits.idle = .milliseconds(500)
    } _: { door in
      let began = ContinuousClock.now
      let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .connect(host: "127.0.0.1", port: door.port).get()
      try await channel.writeAndFlush(ByteBuffer(string: stall.sent))
      try await channel.closeFuture.get()
      let elapsed = ContinuousClock.now - began
      #expect(elapsed > .milliseconds(400))
      #expect(elapsed < .seconds(20))
    }
  }
}
