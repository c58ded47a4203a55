import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Nghttp2

/// A value: how to get one client's connection.
struct ClientConnector {
  var host: String
  var port: Int
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var logger: Logger

  func connect(on eventLoop: any EventLoop, timeout: Duration) async throws(HTTP2Error) -> HTTP2Connection {
    try Loopback.check(host, tls: tls)
    let context = try tls?.makeContext(side: .client)
    let deadline = NIODeadline.now() + TimeAmount(timeout)
    do {
      // Failures past this point surface by `ready`; this future fails where there is no channel at all.
      let (connection, ready) = try await ClientBootstrap(group: eventLoop)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .channelOption(.writeBufferWaterMark, value: .link)
        .connectTimeout(TimeAmount(timeout))
        .connect(host: host, port: port) { channel in
          channel.eventLoop.makeCompletedFuture { try self.prepare(channel, context, deadline) }
        }
      if tls == nil, let address = connection.remoteAddress, !Loopback.contains(address) {
        await connection.close()
        // `localhost` is something else here.
        throw Loopback.refusal("\(host), at \(address),")
      }
      try await ready.get()
      return connection
    } catch let error as HTTP2Error {
      throw error
    } catch {
      throw HTTP2Error(
        .connectFailed, "Cannot connect to \(host):\(port): \(error)", scope: .connection, maybeProcessed: false)
    }
  }

  /// On the event loop.
  private func prepare(
    _ channel: any Channel, _ context: NIOSSLContext?, _ deadline: NIODeadline
  ) throws -> (HTTP2Connection, EventLoopFuture<Void>) {
    let tls = try context.map { try NIOSSLClientHandler(context: $0, serverHostname: serverName) }
    let handler = try ConnectionHandler(
      side: .client, settings: settings, tls: tls, handshakeDeadline: deadline, accept: nil,
      eventLoop: channel.eventLoop, logger: logger)
    let connection = HTTP2Connection(channel: channel, handler: handler)
    handler.connection = connection
    if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
    try channel.pipeline.syncOperations.addHandler(handler)
    return (connection, handler.ready.futureResult)
  }

  /// Nil for an address: the certificate is then checked against the address itself.
  private var serverName: String? {
    if let name = tls?.serverName { return name }
    return (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
  }
}

extension ChannelOptions.Types.WriteBufferWaterMark {
  /// Bytes that may wait in a link's channel before the session keeps its output to itself.
  static let link = Self(low: 128 << 10, high: 512 << 10)
}
