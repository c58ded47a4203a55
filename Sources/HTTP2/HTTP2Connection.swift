package import Logging
package import NIOCore

/// Sendable: its state is confined to its event loop. One TCP or TLS connection with HTTP/2 on it, seen from either side.
///
/// Silence is answered with PING and, without an answer, with the end of the connection; so a connection that is open is one
/// whose peer spoke within `pingAfter + pingTimeout`.
package final class HTTP2Connection: Sendable {
  package let eventLoop: any EventLoop
  /// Succeeds when the connection is over and each of its streams has had its `closed`. Never fails.
  package let closeFuture: EventLoopFuture<Void>
  /// Succeeds, with the reason, as soon as the connection takes no new streams: GOAWAY from the peer, `shutdown`, or the
  /// end of the connection. Streams that are open may still finish. Never fails.
  package let unusable: EventLoopFuture<HTTP2Error>
  private let channel: any Channel
  private let bound: NIOLoopBound<ConnectionHandler>

  /// On the event loop.
  init(channel: any Channel, handler: ConnectionHandler) {
    eventLoop = channel.eventLoop
    self.channel = channel
    bound = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    closeFuture = handler.closed.futureResult
    unusable = handler.unusable.futureResult
  }

  /// The other end, as the socket has it; nil once it is closed.
  package var remoteAddress: SocketAddress? { channel.remoteAddress }

  /// On the event loop.
  var core: ConnectionHandler { bound.value }

  /// On the event loop. Whether `openStream` may succeed now, its peer's limit aside.
  package var isUsable: Bool { core.isUsable }

  /// On the event loop. Streams that may be opened beside the present ones, by what the peer allows.
  package var availableStreams: Int { core.availableStreams }

  /// Has `body` called on the event loop after each SETTINGS of the peer's from now on. One at a time: a later one takes the place
  /// of an earlier. From any thread.
  package func whenSettingsChange(_ body: @escaping @Sendable () -> Void) {
    eventLoop.execute { self.core.settingsChanged = body }
  }

  /// On the event loop. The peer's certificate in DER once TLS is up; nil on plaintext. Whatever it claims (its SAN) was
  /// signed by one of `HTTP2TLS.trustRoots`.
  package var peerCertificate: [UInt8]? { core.peerCertificate }

  /// On the event loop of a client's connection. Opens a stream and queues the request's head.
  ///
  /// - Throws: `draining`, `tooManyStreams`, or what ended the connection; the peer has not heard of the request then.
  package func openStream(
    head: [HTTP2Header], endStream: Bool, handler: any HTTP2StreamHandler
  ) throws(HTTP2Error) -> HTTP2Stream {
    try core.openStream(head: head, endStream: endStream, handler: handler)
  }

  /// Takes no new streams, lets those that are open finish for as long as `grace`, and closes. A server sends its shutdown
  /// notice first and GOAWAY one round trip later, so that no stream that the client opened meanwhile is lost. Returns when
  /// the connection is closed; calling it twice is harmless, the shorter grace counts.
  package func shutdown(grace: Duration = .seconds(30)) async {
    eventLoop.execute { self.core.shutdown(grace: grace) }
    try? await closeFuture.get()
  }

  /// Closes at once; streams that are open end with `connectionClosed`.
  package func close() async {
    eventLoop.execute { self.core.abort() }
    try? await closeFuture.get()
  }

  /// Connects, does TLS where `tls` is given, and waits for the peer's SETTINGS: the connection that is returned has
  /// spoken HTTP/2. Cancelling the task ends the attempt at once, with `connectFailed`.
  ///
  /// - Parameters:
  ///   - tls: Without it `host` has to be a loopback address or `localhost`.
  ///   - timeout: For all of it.
  /// - Throws: `plaintextRefused`, `invalidConfiguration`, `connectFailed`, `tlsFailed`, `protocolViolation`; scope is the
  ///   connection and nothing was processed.
  package static func connect(
    host: String, port: Int, tls: HTTP2TLS?, settings: HTTP2Settings = HTTP2Settings(), on eventLoop: any EventLoop,
    timeout: Duration, logger: Logger
  ) async throws(HTTP2Error) -> HTTP2Connection {
    try await ClientConnector(host: host, port: port, tls: tls, settings: settings, logger: logger)
      .connect(on: eventLoop, timeout: timeout)
  }

  /// Connects as `connect` does, says `greeting`, and then serves: this side dials and is HTTP/2's server. The other end is a
  /// `HTTP2Gate`. Parameters and errors are those of `connect`, and what the greeting's check throws.
  ///
  /// - Parameter accept: As of `HTTP2Server.bind`.
  package static func dial(
    host: String, port: Int, tls: HTTP2TLS?, settings: HTTP2Settings = HTTP2Settings(), greeting: Greeting,
    on eventLoop: any EventLoop, timeout: Duration, logger: Logger, accept: @escaping HTTP2Server.Accept
  ) async throws(HTTP2Error) -> HTTP2Connection {
    try await ClientConnector(
      host: host, port: port, tls: tls, settings: settings, service: .init(greeting: greeting, accept: accept),
      logger: logger
    ).connect(on: eventLoop, timeout: timeout)
  }
}
