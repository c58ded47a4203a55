import HTTP2
import NIOCore
import Testing

/// A value: what a client's stream was told.
struct Reply: Sendable {
  var status: String?
  var body = ByteBuffer()
  var trailers: [HTTP2Header] = []
  var error: HTTP2Error?
}

/// Confined to its event loop: collects a reply, and checks the order in which it is told.
final class Collector: HTTP2StreamHandler {
  let promise: EventLoopPromise<Reply>
  var stream: HTTP2Stream?
  /// Read nothing: the windows stay shut.
  var holds = false
  /// Reset the stream when the head comes.
  var resets = false
  private var reply = Reply()
  private var isEnded = false
  private var isClosed = false

  init(_ eventLoop: any EventLoop) {
    promise = eventLoop.makePromise()
  }

  func received(head: [HTTP2Header], endStream: Bool) {
    #expect(reply.status == nil && !isClosed)
    reply.status = head.first(named: ":status")
    isEnded = endStream
    if resets { stream?.reset(.cancel) }
  }

  func received(data: ByteBuffer, endStream: Bool) {
    #expect(reply.status != nil && !isEnded && !isClosed)
    var data = data
    let count = data.readableBytes
    reply.body.writeBuffer(&data)
    isEnded = endStream
    if !holds { stream?.consumed(count) }
  }

  func received(trailers: [HTTP2Header]) {
    #expect(!isEnded && !isClosed)
    isEnded = true
    reply.trailers = trailers
  }

  func writable() {}

  func closed(_ error: HTTP2Error?) {
    #expect(!isClosed)
    isClosed = true
    reply.error = error
    promise.succeed(reply)
  }
}

extension HTTP2Connection {
  static func head(_ path: String) -> [HTTP2Header] {
    [
      HTTP2Header(":method", "POST"), HTTP2Header(":scheme", "http"), HTTP2Header(":path", path),
      HTTP2Header(":authority", "test"), HTTP2Header("te", "trailers"),
    ]
  }

  /// One request, to its end.
  ///
  /// - Parameters:
  ///   - endStream: End the request behind the body.
  ///   - prepare: Called with the collector before the request leaves.
  func exchange(
    _ path: String, body: ByteBuffer? = nil, endStream: Bool = true,
    prepare: @escaping @Sendable (Collector) -> Void = { _ in }
  ) async throws -> Reply {
    try await eventLoop.flatSubmit {
      let collector = Collector(self.eventLoop)
      prepare(collector)
      do {
        let stream = try self.openStream(
          head: Self.head(path), endStream: endStream && body == nil, handler: collector)
        collector.stream = stream
        if let body { stream.send(data: body, endStream: endStream) }
        return collector.promise.futureResult
      } catch {
        collector.promise.fail(error)
        return collector.promise.futureResult
      }
    }.get()
  }

  /// Evaluates `body` on the event loop.
  func onLoop<R: Sendable>(_ body: @escaping @Sendable () -> R) async throws -> R {
    try await eventLoop.submit(body).get()
  }
}
