import EventLoopTasks
package import HTTP2
package import Logging
package import NIOCore

/// Sendable: its state is its listener's. Serves methods over HTTP/2; each call's handler runs in a task of `run`'s group,
/// on its connection's event loop.
package final class RPCServer: Sendable {
  /// Handlers by `/package.Service/Method`.
  package typealias Routes = [String: RPCHandler]

  private let listener: HTTP2Server
  private let calls: AsyncStream<ServerCall>
  private let newCall: AsyncStream<ServerCall>.Continuation
  private let eventLoop: any EventLoop
  private let logger: Logger

  private init(
    listener: HTTP2Server, calls: AsyncStream<ServerCall>, newCall: AsyncStream<ServerCall>.Continuation,
    eventLoop: any EventLoop, logger: Logger
  ) {
    self.listener = listener
    self.calls = calls
    self.newCall = newCall
    self.eventLoop = eventLoop
    self.logger = logger
  }

  /// Where it listens, with the port that the system chose where 0 was asked for.
  package var localAddress: SocketAddress { listener.localAddress }

  /// Listens at once; calls are answered from `run` on. Parameters and errors are those of `HTTP2Server.bind`.
  package static func bind(
    host: String, port: Int, tls: HTTP2TLS?, routes: Routes, http2: HTTP2Settings = HTTP2Settings(),
    settings: RPCSettings = RPCSettings(), group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> RPCServer {
    let (calls, newCall) = AsyncStream.makeStream(of: ServerCall.self)
    let acceptor = CallAcceptor(routes: routes, settings: settings) { newCall.yield($0) }
    let listener = try await HTTP2Server.bind(
      host: host, port: port, tls: tls, settings: http2, group: group, logger: logger, accept: acceptor.accept)
    return RPCServer(
      listener: listener, calls: calls, newCall: newCall, eventLoop: group.any(), logger: logger)
  }

  /// Runs the handlers. Returns when `shutdown` is through and the last handler has ended. Cancelling the task cancels the
  /// handlers. Once.
  package func run() async {
    // The loop over the calls has an event loop too: each call would wake a thread of the shared pool otherwise.
    await withTaskExecutorPreference(EventLoopExecutor(eventLoop)) {
      await withDiscardingTaskGroup { group in
        for await call in calls {
          group.addTask(executorPreference: EventLoopExecutor(call.eventLoop)) { await call.run(self.logger) }
        }
      }
    }
  }

  /// Takes no new calls, lets those that run finish for as long as `grace`, and closes.
  package func shutdown(grace: Duration) async {
    await listener.shutdown(grace: grace)
    newCall.finish()
  }
}
