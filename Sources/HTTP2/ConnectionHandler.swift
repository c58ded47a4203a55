import Logging
import NIOCore

final class ConnectionHandler {
  let closed: EventLoopPromise<Void>
  let unusable: EventLoopPromise<HTTP2Error>
  init(eventLoop: any EventLoop) {
    closed = eventLoop.makePromise()
    unusable = eventLoop.makePromise()
  }
  var isUsable: Bool { false }
  var availableStreams: Int { 0 }
  var peerCertificate: [UInt8]? { nil }
  func send(head: [HTTP2Header], endStream: Bool, on id: Int32) {}
  func send(data: ByteBuffer, endStream: Bool, on id: Int32) {}
  func send(trailers: [HTTP2Header], on id: Int32) {}
  func reset(_ code: HTTP2ErrorCode, on id: Int32) {}
  func consumed(_ bytes: Int, on id: Int32) {}
  func pendingBytes(on id: Int32) -> Int { 0 }
  func isWritable(_ id: Int32) -> Bool { false }
  func shutdown(grace: Duration) {}
  func abort() {}
  func openStream(head: [HTTP2Header], endStream: Bool, handler: any HTTP2StreamHandler) throws(HTTP2Error)
    -> HTTP2Stream
  {
    throw HTTP2Error(.draining, "", scope: .connection, maybeProcessed: false)
  }
}

struct ClientConnector {
  var host: String
  var port: Int
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var logger: Logger
  func connect(on: any EventLoop, timeout: Duration) async throws(HTTP2Error) -> HTTP2Connection {
    throw HTTP2Error(.draining, "", scope: .connection, maybeProcessed: false)
  }
}
struct ServerListener {
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var logger: Logger
  var accept: HTTP2Server.Accept
  func bind(host: String, port: Int, group: any EventLoopGroup) async throws(HTTP2Error) -> HTTP2Server {
    throw HTTP2Error(.draining, "", scope: .connection, maybeProcessed: false)
  }
}
final class ConnectionRegistry: Sendable {
  var count: Int { 0 }
  func shutdown(grace: Duration) async {}
}
