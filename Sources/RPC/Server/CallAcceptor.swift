import HTTP2
import NIOCore

/// Sendable: a value. Makes a call of a new stream, or turns it away.
struct CallAcceptor: Sendable {
  let routes: RPCServer.Routes
  let settings: RPCSettings
  /// Has a task made that runs the call's handler.
  let start: @Sendable (ServerCall) -> Void

  /// On the event loop of the stream's connection.
  func accept(_ stream: HTTP2Stream, _ fields: [HTTP2Header], endStream: Bool) -> any HTTP2StreamHandler {
    let head: RequestHead
    do throws(RequestHead.Refusal) {
      head = try RequestHead(fields: fields)
    } catch {
      return refuse(stream, ResponseFields.refusal(error))
    }
    guard let handler = routes[head.path] else {
      let error = RPCError(.unimplemented, "there is no method \(head.path)", mayHaveRun: false)
      return refuse(stream, ResponseFields.trailersOnly(error))
    }
    let context = RPCContext(
      path: head.path, metadata: head.metadata, deadline: head.timeout.map { ContinuousClock.now + $0 },
      peer: stream.connection.remoteAddress,
      peerCertificate: settings.showsPeerCertificate ? stream.connection.peerCertificate : nil)
    let call = ServerCall(handler: handler, context: context, stream: stream, settings: settings, start: start)
    call.begin(endStream: endStream)
    return call
  }

  private func refuse(_ stream: HTTP2Stream, _ answer: [HTTP2Header]) -> any HTTP2StreamHandler {
    stream.send(head: answer, endStream: true)
    return RefusedCall()
  }
}

/// Confined to its event loop: a stream that was turned away. What still comes is not looked at, and as none of it is given
/// back to the window, a client that goes on sending stops there.
private final class RefusedCall: HTTP2StreamHandler {
  func received(head: [HTTP2Header], endStream: Bool) {}
  func received(data: ByteBuffer, endStream: Bool) {}
  func received(trailers: [HTTP2Header]) {}
  func writable() {}
  func closed(_ error: HTTP2Error?) {}
}
