import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import Nghttp2
import SocketFaults

/// A value: how to get one connection that this side dials.
struct ClientConnector {
  /// What this side serves on the connection, where it dials in order to be asked.
  struct Service {
    var greeting: Greeting
    var accept: HTTP2Server.Accept
  }

  var host: String
  var port: Int
  var tls: HTTP2TLS?
  var settings: HTTP2Settings
  var service: Service?
  var logger: Logger

  func connect(on eventLoop: any EventLoop, timeout: Duration) async throws(HTTP2Error) -> HTTP2Connection {
    try Loopback.check(host, tls: tls)
    let context = try tls?.makeContext(side: .client)
    let attempt = Attempt()
    do {
      return try await withTaskCancellationHandler {
        try await connect(on: eventLoop, context, timeout, attempt)
      } onCancel: {
        attempt.cancel()
      }
    } catch let error as HTTP2Error {
      throw error
    } catch {
      throw HTTP2Error(
        .connectFailed, "Cannot connect to \(host):\(port): \(SocketFault.words(error))", scope: .connection,
        maybeProcessed: false)
    }
  }

  private func connect(
    on eventLoop: any EventLoop, _ context: NIOSSLContext?, _ timeout: Duration, _ attempt: Attempt
  ) async throws -> HTTP2Connection {
    let deadline = NIODeadline.now() + TimeAmount(timeout)
    // Fails where there is no TCP connection; what comes after that fails `ready`.
    let (connection, ready) = try await ClientBootstrap(group: eventLoop)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.notSentLowWatermark, value: .linkNotSent)
      .channelOption(.writeBufferWaterMark, value: .link)
      .connectTimeout(TimeAmount(timeout))
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          attempt.began(channel)
          return try self.prepare(channel, context, deadline)
        }
      }
    if tls == nil, let address = connection.remoteAddress, !Loopback.contains(address) {
      await connection.close()
      // `localhost` is something else here.
      throw Loopback.refusal("\(host), at \(address),")
    }
    try await ready.get()
    return connection
  }

  /// On the event loop.
  private func prepare(
    _ channel: any Channel, _ context: NIOSSLContext?, _ deadline: NIODeadline
  ) throws -> (HTTP2Connection, EventLoopFuture<Void>) {
    let tls = try context.flatMap { context in try self.tls?.clientHandler(context, name: serverName) }
    let handler = try ConnectionHandler(
      side: service == nil ? .client : .server, settings: settings, tls: tls, policy: self.tls?.policy,
      handshakeDeadline: deadline, isTransportUp: service != nil, accept: service?.accept, eventLoop: channel.eventLoop,
      logger: logger)
    let connection = HTTP2Connection(channel: channel, handler: handler)
    handler.connection = connection
    if let tls { try channel.pipeline.syncOperations.addHandler(tls) }
    if let service {
      try channel.pipeline.syncOperations.addHandler(greetingHandler(service.greeting, before: handler))
    } else {
      try channel.pipeline.syncOperations.addHandler(handler)
    }
    return (connection, handler.ready.futureResult)
  }

  private func greetingHandler(_ greeting: Greeting, before handler: ConnectionHandler) -> GreetingHandler {
    GreetingHandler(opening: greeting.line, next: handler) { line in
      do throws(HTTP2Error) {
        try greeting.check(line)
        return .proceed(reply: nil)
      } catch {
        return .refuse(error, reply: nil)
      }
    }
  }

  /// Nil for an address: the certificate is then checked against the address itself.
  private var serverName: String? {
    if let name = tls?.serverName { return name }
    return (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
  }
}

/// Sendable: state behind a lock. The channels of one attempt to connect: several where a name has several addresses.
private final class Attempt: Sendable {
  private let state = NIOLockedValueBox<(channels: [any Channel], isCancelled: Bool)>(([], false))

  func began(_ channel: any Channel) {
    let isCancelled = state.withLockedValue { state in
      state.channels.append(channel)
      return state.isCancelled
    }
    if isCancelled { channel.close(promise: nil) }
  }

  /// Closes them, so that the attempt fails.
  func cancel() {
    let channels = state.withLockedValue { state in
      state.isCancelled = true
      return state.channels
    }
    for channel in channels { channel.close(promise: nil) }
  }
}

extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
  /// TCP_NOTSENT_LOWAT: bytes that may wait in the kernel without being on their way. Without it some megabytes wait there, and a
  /// PING behind them. Source: `tcp_notsent_lowat` in Linux's Documentation/networking/ip-sysctl.rst.
  static var notSentLowWatermark: Self { .tcpOption(NIOBSDSocket.Option(rawValue: TCP_NOTSENT_LOWAT)) }
}

extension ChannelOptions.Types.SocketOption.Value {
  static let linkNotSent: Self = 64 << 10
}

extension ChannelOptions.Types.WriteBufferWaterMark {
  /// Bytes that may wait in a link's channel before the session keeps its output to itself.
  static let link = Self(low: 128 << 10, high: 512 << 10)
}
