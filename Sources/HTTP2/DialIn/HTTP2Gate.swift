package import Logging
package import NIOCore

/// Sendable: its connections stand behind a lock. Listens for peers that dial in to be asked: on each connection that is let in this
/// side is HTTP/2's client and the peer, though it dialled, is the server.
///
/// A peer shows its certificate, says one line, and is answered by one; then HTTP/2 begins.
package final class HTTP2Gate: Sendable {
  /// Decides who comes in. Called on the connection's event loop.
  package typealias Greet = @Sendable (GreetingVisitor) -> GreetingAnswer
  /// Takes a connection that may be used: the peer's SETTINGS have come. Called on its event loop.
  package typealias Arrived = @Sendable (HTTP2Connection, GreetingVisitor) -> Void

  /// Where it listens, with the port that the system chose where 0 was asked for.
  package let localAddress: SocketAddress
  /// Connections that were let in and are open.
  package var connectionCount: Int { admitted.count }
  /// Connections that nobody has greeted on yet.
  package var waitingCount: Int { waiting.count }

  private let listener: any Channel
  private let waiting: ConnectionRegistry
  private let admitted: ConnectionRegistry
  private let tls: CurrentTLS

  init(
    listener: any Channel, localAddress: SocketAddress, waiting: ConnectionRegistry, admitted: ConnectionRegistry,
    tls: CurrentTLS
  ) {
    self.tls = tls
    self.listener = listener
    self.localAddress = localAddress
    self.waiting = waiting
    self.admitted = admitted
  }

  /// Listens.
  ///
  /// - Parameters:
  ///   - tls: Requires a certificate of the peer, signed by one of its trust roots, and `h2` by ALPN. Without it `host` has to be a
  ///     loopback address or `localhost`.
  ///   - settings: `maxConnections` bounds those that were let in; `handshakeTimeout` counts from the TCP connection to the peer's SETTINGS.
  ///   - full: The line that a peer is answered with where `maxConnections` are there.
  ///   - maxWaiting: Connections at once that have not been let in yet; one above is closed when it comes.
  /// - Throws: `plaintextRefused`, `invalidConfiguration` (certificates and keys), `connectFailed` (the address).
  package static func bind(
    host: String, port: Int, tls: HTTP2TLS?, settings: HTTP2Settings = HTTP2Settings(), full: String,
    maxWaiting: Int = 64, group: any EventLoopGroup, logger: Logger, greet: @escaping Greet, arrived: @escaping Arrived
  ) async throws(HTTP2Error) -> HTTP2Gate {
    try await GateListener(
      tls: tls, settings: settings, full: full, logger: logger, waiting: ConnectionRegistry(limit: maxWaiting),
      admitted: ConnectionRegistry(limit: settings.maxConnections), greet: greet, arrived: arrived
    ).bind(host: host, port: port, group: group)
  }

  /// As `HTTP2Server.replace`.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) { try self.tls.replace(tls) }

  /// Takes nobody in any more, drains each connection (`HTTP2Connection.shutdown`), and returns when all are closed.
  package func shutdown(grace: Duration = .seconds(30)) async {
    try? await listener.close()
    await waiting.shutdown(grace: .zero)
    await admitted.shutdown(grace: grace)
  }
}
