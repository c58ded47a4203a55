import NIOCore
import Testing

@testable import RPC

/// A receiver that does not read holds its sender back, and nobody else.
@Suite(.timeLimit(.minutes(1))) struct BackpressureTests {
  /// 1 MiB of window, and at the sender 256 KiB each in the call and in the stream, and one message in hand, by 64 KiB.
  private static let most = (1 << 20 + 256 << 10 + 256 << 10) >> 16 + 2
  private static let message = FramedMessage(ByteBuffer(repeating: 1, count: 64 << 10))

  private static let ping = RPCHandler.unary { message, _ in RPCAnswer(FramedMessage(message)) }

  /// Round trips on the same connection: by their end the sender has long filled what it may.
  private func otherCallsGoOn(_ client: RPCClient) async throws {
    for _ in 0..<300 { _ = try await client.unary("/t/Ping", framed("x"), deadline: Loopback.later) }
  }

  @Test func readerThatStopsHoldsTheServer() async throws {
    let written = Counter()
    let flood = RPCHandler.serverStream { _, _, reply in
      for _ in 0..<400 {
        try await reply.write(Self.message)
        written.add()
      }
      return RPCMetadata()
    }
    try await Loopback.with(["/t/Flood": flood, "/t/Ping": Self.ping]) { loopback in
      let read = Counter()
      _ = try await loopback.client.serverStream("/t/Flood", framed(""), deadline: Loopback.later) { _ in
        guard read.add() == 1 else { return }
        try await otherCallsGoOn(loopback.client)
        #expect(written.current <= Self.most)
      }
      #expect(read.current == 400)
    }
  }

  @Test func handlerThatDoesNotReadHoldsTheClient() async throws {
    let read = Happening()
    let slow = RPCHandler.clientStream { request, _ in
      await read.wait()
      var count = 0
      while try await request.next() != nil { count += 1 }
      return RPCAnswer(framed("\(count)"))
    }
    try await Loopback.with(["/t/Slow": slow, "/t/Ping": Self.ping]) { loopback in
      let written = Counter()
      async let reply = loopback.client.clientStream("/t/Slow", deadline: Loopback.later) { writer in
        for _ in 0..<400 {
          try await writer.write(Self.message)
          written.add()
        }
      }
      try await otherCallsGoOn(loopback.client)
      #expect(written.current <= Self.most)
      read.happened()
      let answer = try await reply
      #expect(String(buffer: answer.message) == "400")
    }
  }
}
