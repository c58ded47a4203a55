import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Nghttp2
import SocketFaults

/// A value: how a server gets its listening socket and its connections.
struct ServerListener: Sendable {
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var logger: Logger
  var accept: HTTP2Server.Accept

  func bind(host: String, port: Int, group: any EventLoopGroup) async throws(HTTP2Error) -> HTTP2Server {
    if !settings.isPlaintextForAll { try Loopback.check(host, tls: tls) }
    let current = try CurrentTLS(tls)
    let registry = ConnectionRegistry(limit: settings.maxConnections)
    do {
      let listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 512)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelOption(.notSentLowWatermark, value: .linkNotSent)
        .childChannelOption(.writeBufferWaterMark, value: .link)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture { try prepare(channel, current, registry) }
        }
        .bind(host: host, port: port).get()
      guard let address = listener.localAddress else { throw HTTP2Error.connectionClosed }
      return HTTP2Server(listener: listener, localAddress: address, registry: registry, tls: current)
    } catch {
      throw HTTP2Error(
        .connectFailed, "Cannot listen on \(host):\(port): \(SocketFault.words(error))", scope: .connection,
        maybeProcessed: false)
    }
  }

  /// On the event loop of a connection that came in. Throwing closes it.
  private func prepare(_ channel: any Channel, _ current: CurrentTLS, _ registry: ConnectionRegistry) throws {
    let tls = current.handler()
    let handler = try ConnectionHandler(
      side: .server, settings: settings, tls: tls, policy: self.tls?.policy,
      handshakeDeadline: .now() + TimeAmount(settings.handshakeTimeout),
      accept: accept, eventLoop: channel.eventLoop, logger: logger)
    let connection = HTTP2Connection(channel: channel, handler: handler)
    guard registry.add(connection) else {
      logger.warning("http2.connection.refused", metadata: ["limit": "\(settings.maxConnections)"])
      handler.over()
      throw HTTP2Error.connectionClosed
    }
    handler.connection = connection
    if let age = settings.maxConnectionAge {
      let end = channel.eventLoop.scheduleTask(in: TimeAmount(age)) { channel.close(promise: nil) }
      channel.closeFuture.whenComplete { _ in end.cancel() }
    }
    if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
    try channel.pipeline.syncOperations.addHandler(handler)
  }
}
