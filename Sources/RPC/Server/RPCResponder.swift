import EventLoopTasks
package import HTTP2
package import Logging
package import NIOCore

/// Sendable: a queue. Answers calls on connections that somebody else keeps, listening or dialling; each call's handler runs in a task of
/// `run`'s group, on its connection's event loop.
package final class RPCResponder: Sendable {
  private let acceptor: CallAcceptor
  private let calls: AsyncStream<ServerCall>
  private let newCall: AsyncStream<ServerCall>.Continuation
  private let eventLoop: any EventLoop
  private let logger: Logger

  package init(
    routes: RPCServer.Routes, settings: RPCSettings = RPCSettings(), group: any EventLoopGroup, logger: Logger
  ) {
    let (calls, newCall) = AsyncStream.makeStream(of: ServerCall.self)
    acceptor = CallAcceptor(routes: routes, settings: settings) { newCall.yield($0) }
    self.calls = calls
    self.newCall = newCall
    eventLoop = group.any()
    self.logger = logger
  }

  /// What takes a connection's streams.
  package var accept: HTTP2Server.Accept { acceptor.accept }

  /// Runs the handlers. Returns when `finish` was called and the last handler has ended. Cancelling the task cancels the handlers. Once.
  package func run() async {
    // The loop over the calls has an event loop too: each call would wake a thread of the shared pool otherwise.
    let own = EventLoopExecutor(eventLoop)
    await withTaskExecutorPreference(own) {
      // One for each loop that has connections; it keeps its loop, whose identity is no other's therefore.
      var executors = [ObjectIdentifier(eventLoop): own]
      await withDiscardingTaskGroup { group in
        for await call in calls {
          let executor = executors[ObjectIdentifier(call.eventLoop)] ?? EventLoopExecutor(call.eventLoop)
          executors[ObjectIdentifier(call.eventLoop)] = executor
          group.addTask(executorPreference: executor) { await call.run(self.logger) }
        }
      }
    }
  }

  /// No call comes any more: the connections are closed.
  package func finish() {
    newCall.finish()
  }
}
