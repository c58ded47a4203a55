package import Logging
package import NIOCore
import NIOPosix

/// Sendable: its connections stand behind a lock. Listens on one address and hands each stream to `accept`.
package final class HTTP2Server: Sendable {
  /// Called on the event loop of the stream's connection with the request's head; the handler that it returns gets what
  /// follows. It may already use the stream.
  package typealias Accept =
    @Sendable (_ stream: HTTP2Stream, _ head: [HTTP2Header], _ endStream: Bool) -> any HTTP2StreamHandler

  /// Where it listens, with the port that the system chose where 0 was asked for.
  package let localAddress: SocketAddress
  /// Succeeds when the listening socket is closed.
  package var closeFuture: EventLoopFuture<Void> { listener.closeFuture }
  /// Connections that are open, in all states.
  package var connectionCount: Int { registry.count }

  private let listener: any Channel
  private let registry: ConnectionRegistry
  private let tls: CurrentTLS

  init(listener: any Channel, localAddress: SocketAddress, registry: ConnectionRegistry, tls: CurrentTLS) {
    self.tls = tls
    self.listener = listener
    self.localAddress = localAddress
    self.registry = registry
  }

  /// Listens. `tls` requires a certificate of the client, signed by one of its trust roots, and `h2` by ALPN; without it
  /// `host` has to be a loopback address or `localhost`. Port 0 takes any.
  ///
  /// - Throws: `plaintextRefused`, `invalidConfiguration` (certificates and keys), `connectFailed` (the address).
  package static func bind(
    host: String, port: Int, tls: HTTP2TLS?, settings: HTTP2Settings = HTTP2Settings(), group: any EventLoopGroup,
    logger: Logger, accept: @escaping Accept
  ) async throws(HTTP2Error) -> HTTP2Server {
    try await ServerListener(tls: tls, settings: settings, logger: logger, accept: accept)
      .bind(host: host, port: port, group: group)
  }

  /// Shows these certificates to connections that come in from now on; those that are open stay. Reads the files: blocks.
  ///
  /// - Throws: `invalidConfiguration`; the ones before stay in force.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) { try self.tls.replace(tls) }

  /// Takes no new connections, drains each that is open (`HTTP2Connection.shutdown`), and returns when all are closed.
  package func shutdown(grace: Duration = .seconds(30)) async {
    try? await listener.close()
    await registry.shutdown(grace: grace)
  }
}
