import EventLoopTasks
import HummingbirdCore
import Logging
import NIOCore
import Telemetry

/// Hummingbird's HTTP/1.1 connection with an `HTTPConnection` beside it, so that an answer under way learns that its client
/// has gone, that time has passed and that the server is going down. A value.
struct HTTPDoorChannel: ServerChildChannel {
  struct Value: ServerChildChannelValue {
    let http: HTTP1Channel
    let parts: HTTP1Channel.Value
    var channel: any Channel { parts.channel }
  }

  typealias Responder =
    @Sendable (Request, consuming ResponseWriter, HTTPConnection) async throws -> Void

  let limits: FrontDoorSettings.Limits
  /// Whether it stands behind TLS, where half-closed connections are of no use: NIOSSL would wait out its shutdown timeout (5 s)
  /// for each.
  let isTLS: Bool
  let connections: HTTPConnections
  let metrics: DoorMetrics
  let responder: Responder

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    let connection = HTTPConnection(channel: channel, limits: limits)
    let responder = responder
    let (connections, metrics) = (connections, metrics)
    let http = HTTP1Channel(
      responder: { request, writer, _ in try await responder(request, writer, connection) },
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [
          HTTPConnectionHandler(connection: connection, connections: connections, metrics: metrics)
        ],
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 128)))
    if isTLS {
      do {
        try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
      } catch {
        return channel.eventLoop.makeFailedFuture(error)
      }
    }
    return http.setup(channel: channel, logger: logger).map { Value(http: http, parts: $0) }
  }

  func handle(value: Value, logger: Logger) async {
    await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
      await value.http.handle(value: value.parts, logger: logger)
    }
  }
}

/// Tells an `HTTPConnection` what happens to its channel. Confined to its event loop.
private final class HTTPConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = Any

  private let connection: HTTPConnection
  private let connections: HTTPConnections
  private let metrics: DoorMetrics

  init(connection: HTTPConnection, connections: HTTPConnections, metrics: DoorMetrics) {
    self.connection = connection
    self.connections = connections
    self.metrics = metrics
  }

  func handlerAdded(context: ChannelHandlerContext) {
    metrics.connections.add(1)
    connections.opened(connection)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    metrics.connections.add(-1)
    connections.closed(connection)
  }

  func channelInactive(context: ChannelHandlerContext) {
    connection.lost()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // A client that will send nothing more is taken to have gone: no client of MCP half-closes.
    if case .inputClosed? = event as? ChannelEvent { connection.lost() }
    context.fireUserInboundEventTriggered(event)
  }
}
