import HTTP2
import NIOCore
import RPC

/// Confined to its event loop: one stream without a client's rules around it, to say what `RPCClient` never would.
final class RawCall: HTTP2StreamHandler {
  /// All fields of the answer's head and trailers.
  private var fields: [HTTP2Header] = []
  private let answer: EventLoopPromise<[HTTP2Header]>

  private init(answer: EventLoopPromise<[HTTP2Header]>) {
    self.answer = answer
  }

  static let head = [
    HTTP2Header(":method", "POST"), HTTP2Header(":scheme", "http"), HTTP2Header(":path", "/t/Method"),
    HTTP2Header(":authority", "here"), HTTP2Header("te", "trailers"), HTTP2Header("content-type", "application/grpc"),
  ]

  /// Sends a head and one empty message and waits for the stream's end.
  static func make(on connection: HTTP2Connection, _ head: [HTTP2Header]) async throws -> [HTTP2Header] {
    try await connection.eventLoop.flatSubmit {
      let answer = connection.eventLoop.makePromise(of: [HTTP2Header].self)
      answer.fail(after: .seconds(40))
      do {
        let stream = try connection.openStream(head: head, endStream: false, handler: RawCall(answer: answer))
        stream.send(data: FramedMessage(ByteBuffer()).bytes, endStream: true)
      } catch {
        answer.fail(error)
      }
      return answer.futureResult
    }.get()
  }

  func received(head: [HTTP2Header], endStream: Bool) { fields += head }
  func received(data: ByteBuffer, endStream: Bool) {}
  func received(trailers: [HTTP2Header]) { fields += trailers }
  func writable() {}
  func closed(_ error: HTTP2Error?) {
    if let error { answer.fail(error) } else { answer.succeed(fields) }
  }
}

extension EventLoopPromise {
  /// Bounds a wait that cancellation does not reach.
  func fail(after time: TimeAmount) {
    let timer = futureResult.eventLoop.scheduleTask(in: time) { fail(ChannelError.connectTimeout(time)) }
    futureResult.whenComplete { _ in timer.cancel() }
  }
}

/// Runs `body` with more and more time until it says that the time was enough: what is to happen within a time must not depend
/// on how busy the machine is.
func withGrowingTime(_ body: (Duration) async throws -> Bool) async throws -> Bool {
  for milliseconds in [100, 1_000, 5_000, 20_000] where try await body(.milliseconds(milliseconds)) { return true }
  return false
}
