package import HTTP2
package import Logging
package import NIOCore
import RPC
import ServiceLifecycle
import Synchronization

/// Sendable: state behind a lock. Serves an `AgentService`, and health, to one coordinator over a connection that it dials: HTTP/2's
/// roles stay (the agent is the server), so nothing above knows who dialled.
///
/// A tunnel that ends is dialled again, after a pause of full jitter; one that the coordinator drains is replaced while the calls on it
/// finish. On graceful shutdown it drains: health says NOT_SERVING, watches end, no new calls are taken, and those that run may finish
/// for as long as the grace.
package final class AgentDialer: Service {
  private struct State {
    var attempts = 0
    var current: HTTP2Connection?
    /// Those that drain, too.
    var open: [ObjectIdentifier: HTTP2Connection] = [:]
  }

  package let target: CoordinatorTarget
  private let hello: TunnelHello
  private let settings: TunnelSettings
  private let group: any EventLoopGroup
  private let logger: Logger
  private let board: HealthBoard
  private let responder: RPCResponder
  private let state = Mutex(State())

  /// - Parameters:
  ///   - identity: What it says of itself: believed on loopback; beyond, its certificate says it.
  ///   - priority: 0 to 3; above 0 it stands in for agents of lower ones.
  ///   - board: What health probes are told, and whether a coordinator takes it in.
  package init(
    _ service: any AgentService, as identity: AgentIdentity, priority: Int = 0, to target: CoordinatorTarget,
    settings: TunnelSettings = TunnelSettings(), board: HealthBoard = HealthBoard(), group: any EventLoopGroup,
    logger: Logger
  ) {
    self.target = target
    self.board = board
    hello = TunnelHello(identity: identity, priority: priority)
    self.settings = settings
    self.group = group
    var logger = logger
    logger[metadataKey: "coordinator"] = "\(target)"
    self.logger = logger
    responder = RPCResponder(
      routes: AgentRoutes(service: service, logger: logger).all(with: board), group: group, logger: logger)
  }

  /// The tunnel stands.
  package var isConnected: Bool { state.withLock { $0.current != nil } }

  /// Times that the coordinator was dialled.
  package var attempts: Int { state.withLock { $0.attempts } }

  /// Keeps the tunnel until graceful shutdown, or until the task is cancelled, which cancels the calls. Once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask { await self.responder.run() }
      await keep(&group)
      board.drained()
      let grace: Duration = Task.isCancelled ? .zero : settings.grace
      for connection in state.withLock({ Array($0.open.values) }) {
        group.addTask { await connection.shutdown(grace: grace) }
      }
      // Only then: what runs has to end first.
      for connection in state.withLock({ Array($0.open.values) }) { try? await connection.closeFuture.get() }
      responder.finish()
    }
  }

  private func keep(_ group: inout DiscardingTaskGroup) async {
    var backoff = ReconnectBackoff(
      first: settings.firstBackoff, longest: settings.longestBackoff, stableAfter: settings.stableAfter)
    while !Task.isCancelled, !Task.isShuttingDownGracefully {
      var stood: Duration?
      do {
        let connection = try await cancelWhenGracefulShutdown { try await self.dial() }
        let since = ContinuousClock.now
        logger.notice("A coordinator is joined")
        guard let error = await end(of: connection) else { return }
        logger.warning("The tunnel to a coordinator ended", metadata: ["reason": "\(error.message)"])
        stood = since.duration(to: .now)
        // What runs on it may finish; a coordinator that does not close it is not waited for.
        group.addTask { await connection.shutdown(grace: self.settings.longestDrain) }
      } catch {
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { return }
        let reason = (error as? HTTP2Error)?.message ?? "\(error)"
        logger.warning("A coordinator cannot be joined", metadata: ["reason": "\(reason)"])
      }
      let pause = backoff.pause(at: .now, stood: stood, jitter: .random(in: 0..<1))
      try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
    }
  }

  private func dial() async throws(HTTP2Error) -> HTTP2Connection {
    state.withLock { $0.attempts += 1 }
    let connection = try await HTTP2Connection.dial(
      host: target.host, port: target.port, tls: target.tls, settings: settings.http2.authenticated,
      greeting: Self.greeting(hello), on: group.any(), timeout: settings.handshakeTimeout, logger: logger,
      accept: responder.accept)
    state.withLock { state in
      state.open[ObjectIdentifier(connection)] = connection
      state.current = connection
    }
    connection.unusable.whenComplete { _ in
      self.state.withLock { if $0.current === connection { $0.current = nil } }
    }
    connection.closeFuture.whenComplete { _ in
      _ = self.state.withLock { $0.open.removeValue(forKey: ObjectIdentifier(connection)) }
    }
    return connection
  }

  /// Waits until the connection takes no new calls. Nil: this side stops.
  private func end(of connection: HTTP2Connection) async -> HTTP2Error? {
    let (ends, end) = AsyncStream.makeStream(of: HTTP2Error.self)
    connection.unusable.whenSuccess { error in
      end.yield(error)
      end.finish()
    }
    return await cancelWhenGracefulShutdown {
      for await error in ends { return error }
      return nil
    }
  }

  /// Dials once as that agent would, and hangs up when it is welcome. For a look at whether it would be: a coordinator gives a place
  /// only to who has told it its health, so a tunnel that stands is not disturbed.
  ///
  /// - Throws: HTTP2Error: what kept it out.
  package static func visit(
    _ target: CoordinatorTarget, as identity: AgentIdentity, settings: TunnelSettings = TunnelSettings(),
    group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) {
    let connection = try await HTTP2Connection.dial(
      host: target.host, port: target.port, tls: target.tls, settings: settings.http2.authenticated,
      greeting: greeting(TunnelHello(identity: identity)), on: group.any(), timeout: settings.handshakeTimeout,
      logger: logger,
      accept: RPCResponder(routes: [:], group: group, logger: logger).accept)
    await connection.close()
  }

  private static func greeting(_ hello: TunnelHello) -> Greeting {
    Greeting(line: hello.line) { line throws(HTTP2Error) in
      switch TunnelAnswer(line: line) {
      case .welcome?: return
      case .refused(let reason)?: throw failure("The coordinator refused: \(reason)")
      case nil: throw failure("What answers there is not a Scout coordinator that takes agents in")
      }
    }
  }

  private static func failure(_ message: String) -> HTTP2Error {
    HTTP2Error(.connectFailed, message, scope: .connection, maybeProcessed: false)
  }
}
