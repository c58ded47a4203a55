import Logging
import NIOCore
import NIOPosix
import NIOSSL
import SocketFaults

/// A value: how a gate gets its listening socket and lets connections in.
struct GateListener: Sendable {
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var full: String
  var logger: Logger
  var waiting: ConnectionRegistry
  var admitted: ConnectionRegistry
  var greet: HTTP2Gate.Greet
  var arrived: HTTP2Gate.Arrived

  func bind(host: String, port: Int, group: any EventLoopGroup) async throws(HTTP2Error) -> HTTP2Gate {
    try Loopback.check(host, tls: tls)
    let current = try CurrentTLS(tls)
    do {
      let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 512)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.notSentLowWatermark, value: .linkNotSent)
        .childChannelOption(.writeBufferWaterMark, value: .link)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try prepare(channel, current) }
        }
        .bind(host: host, port: port).get()
      guard let address = listener.localAddress else { throw HTTP2Error.connectionClosed }
      return HTTP2Gate(listener: listener, localAddress: address, waiting: waiting, admitted: admitted, tls: current)
    } catch {
      throw HTTP2Error(
        .connectFailed, "Cannot listen on \(host):\(port): \(SocketFault.words(error))", scope: .connection,
        maybeProcessed: false)
    }
  }

  /// On the event loop of a connection that came in. Throwing closes it.
  private func prepare(_ channel: any Channel, _ current: CurrentTLS) throws {
    let tls = current.handler()
    let handler = try ConnectionHandler(
      side: .client, settings: settings, tls: tls, policy: self.tls?.policy,
      handshakeDeadline: .now() + TimeAmount(settings.handshakeTimeout),
      isTransportUp: true, accept: nil, eventLoop: channel.eventLoop, logger: logger)
    let connection = HTTP2Connection(channel: channel, handler: handler)
    guard waiting.add(connection) else {
      logger.warning("http2.visitor.turned_away", metadata: ["waiting": "\(waiting.limit)"])
      handler.over()
      throw HTTP2Error.connectionClosed
    }
    handler.connection = connection
    let address = channel.remoteAddress
    let greeting = GreetingHandler(opening: nil, next: handler) { line in
      let visitor = GreetingVisitor(
        line: line, uris: handler.peerURIs, certificate: handler.peerCertificate, address: address)
      return answer(visitor, connection, ready: handler.ready.futureResult)
    }
    let logger = logger
    handler.ready.futureResult.whenFailure { error in
      logger.warning(
        "http2.visitor.refused",
        metadata: [
          "peer": "\(address.map { "\($0)" } ?? "unknown")",
          "reason": "\((error as? HTTP2Error)?.message ?? "\(error)")",
        ])
    }
    if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
    try channel.pipeline.syncOperations.addHandler(greeting)
  }

  /// On the event loop.
  private func answer(
    _ visitor: GreetingVisitor, _ connection: HTTP2Connection, ready: EventLoopFuture<Void>
  ) -> GreetingHandler.Verdict {
    switch greet(visitor) {
    case .refuse(let line, let reason):
      return .refuse(HTTP2Error(.connectFailed, reason, scope: .connection, maybeProcessed: false), reply: line)
    case .welcome(let line):
      guard admitted.add(connection) else {
        return .refuse(
          HTTP2Error(
            .connectFailed, "\(admitted.limit) connections are open already", scope: .connection,
            maybeProcessed: false), reply: full)
      }
      waiting.remove(connection)
      ready.whenSuccess { arrived(connection, visitor) }
      return .proceed(reply: line)
    }
  }
}
