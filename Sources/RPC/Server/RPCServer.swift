package import HTTP2
package import Logging
package import NIOCore

/// Sendable: its state is its listener's. Serves methods over HTTP/2 to whoever connects.
package final class RPCServer: Sendable {
  /// Handlers by `/package.Service/Method`.
  package typealias Routes = [String: RPCHandler]

  private let listener: HTTP2Server
  private let responder: RPCResponder

  private init(listener: HTTP2Server, responder: RPCResponder) {
    self.listener = listener
    self.responder = responder
  }

  /// Where it listens, with the port that the system chose where 0 was asked for.
  package var localAddress: SocketAddress { listener.localAddress }

  /// Listens at once; calls are answered from `run` on. Parameters and errors are those of `HTTP2Server.bind`.
  package static func bind(
    host: String, port: Int, tls: HTTP2TLS?, routes: Routes, http2: HTTP2Settings = HTTP2Settings(),
    settings: RPCSettings = RPCSettings(), group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> RPCServer {
    let responder = RPCResponder(routes: routes, settings: settings, group: group, logger: logger)
    let listener = try await HTTP2Server.bind(
      host: host, port: port, tls: tls, settings: http2, group: group, logger: logger, accept: responder.accept)
    return RPCServer(listener: listener, responder: responder)
  }

  /// Runs the handlers. Returns when `shutdown` is through and the last handler has ended. Cancelling the task cancels the
  /// handlers. Once.
  package func run() async {
    await responder.run()
  }

  /// As `HTTP2Server.replace`.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) { try listener.replace(tls) }

  /// Takes no new calls, lets those that run finish for as long as `grace`, and closes.
  package func shutdown(grace: Duration) async {
    await listener.shutdown(grace: grace)
    responder.finish()
  }
}
