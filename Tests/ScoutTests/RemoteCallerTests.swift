import MCP
import NIOCore
import NIOPosix
import Testing

@testable import scout

/// How long a command waits for a coordinator at `--url`.
@Suite(.timeLimit(.minutes(1))) struct RemoteCallerTests {
  /// An HTTP server that writes `parts` with a pause before each, whatever is asked.
  private static func serving<R: Sendable>(
    _ parts: [String], pause: TimeAmount, _ body: (_ url: String) async throws -> R
  ) async throws -> R {
    let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Script(parts: parts, pause: pause))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let result: Result<R, any Error>
    do {
      result = .success(try await body("http://127.0.0.1:\(listener.localAddress?.port ?? 0)/mcp"))
    } catch {
      result = .failure(error)
    }
    try await listener.close()
    return try result.get()
  }

  /// Confined to its event loop.
  private final class Script: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let parts: [String]
    private let pause: TimeAmount
    private var isAsked = false

    init(parts: [String], pause: TimeAmount) {
      self.parts = parts
      self.pause = pause
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard !isAsked else { return }
      isAsked = true
      let loop = context.eventLoop.assumeIsolated()
      for (index, part) in parts.enumerated() {
        loop.scheduleTask(in: pause * (index + 1)) {
          context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: part)), promise: nil)
        }
      }
    }
  }

  @Test func theTimeGivenBoundsTheWholeAnswer() async throws {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n"
    try await Self.serving([head] + [String](repeating: ": \n\n", count: 400), pause: .milliseconds(100)) { url in
      let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: .seconds(1))
      await #expect(throws: TerminalError.self) { _ = try await caller.call("hosts", [:]) }
    }
  }

  @Test func aCoordinatorAtWorkIsWaitedForAsLongAsItSaysSo() async throws {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
    let answer = #"data: {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"done"}]}}"# + "\n\n"
    let comments = [String](repeating: ": \n\n", count: 8)
    let length = comments.reduce(answer.utf8.count) { $0 + $1.utf8.count }
    try await Self.serving(
      [head + "content-length: \(length)\r\n\r\n"] + comments + [answer], pause: .milliseconds(300)
    ) { url in
      // Three seconds in all.
      let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: nil, silence: .seconds(2))
      let answer = try await caller.call("hosts", [:])
      #expect(answer.text == "done")
    }
  }

  @Test func aSilentCoordinatorIsGivenUp() async throws {
    try await Self.serving([], pause: .zero) { url in
      let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: nil, silence: .milliseconds(200))
      let failure = await #expect(throws: TerminalError.self) { _ = try await caller.call("hosts", [:]) }
      #expect(failure?.description.hasPrefix("no answer from \(url)") == true)
    }
  }
}
