package import HTTP2
package import Logging
package import NIOCore
import RPC
import ServiceLifecycle
import Synchronization

/// Sendable: state behind a lock. Where agents dial in: takes their tunnels, and tells which agents there are.
///
/// A tunnel counts once its agent has said by the health service that it is well. A second tunnel of the same agent takes over then,
/// and the first one drains. An agent whose tunnel is lost stays known, and calls wait a little for it, until `forgetAfter`.
package final class TunnelHub: Service {
  /// Who is told, by calls that must not block and that never overlap.
  package struct Listener: Sendable {
    /// A new agent, or one that was forgotten. False: there is no room for it.
    package var joined: @Sendable (TunnelledAgent) -> Bool
    /// An agent is forgotten.
    package var left: @Sendable (TunnelledAgent) -> Void

    package init(
      joined: @escaping @Sendable (TunnelledAgent) -> Bool, left: @escaping @Sendable (TunnelledAgent) -> Void
    ) {
      self.joined = joined
      self.left = left
    }
  }

  private struct Arrival: Sendable {
    let connection: HTTP2Connection
    let identity: AgentIdentity
    let priority: Int
    let isSecure: Bool
  }

  private let gate: HTTP2Gate
  private let settings: TunnelSettings
  private let listener: Listener
  private let group: any EventLoopGroup
  private let logger: Logger
  private let arrivals: AsyncStream<Arrival>
  private let newArrival: AsyncStream<Arrival>.Continuation
  private let agents = Mutex<[AgentIdentity: TunnelledAgent]>([:])

  /// Listens; tunnels are taken from `run` on.
  ///
  /// - Parameters:
  ///   - port: 0 takes any; `address` says which.
  ///   - tls: A certificate with an agent's SPIFFE ID is required then. Without it, `host` has to be a loopback address, and agents are who
  ///     they say they are.
  /// - Throws: HTTP2Error `plaintextRefused`, `invalidConfiguration` or `connectFailed`, whose message names the address.
  package static func bind(
    host: String, port: Int, tls: HTTP2TLS?, settings: TunnelSettings = TunnelSettings(), listener: Listener,
    group: any EventLoopGroup, logger: Logger
  ) async throws(HTTP2Error) -> TunnelHub {
    var http2 = settings.http2
    http2.maxConnections = settings.maxTunnels
    http2.handshakeTimeout = settings.handshakeTimeout
    let (arrivals, newArrival) = AsyncStream.makeStream(of: Arrival.self)
    let gate = try await HTTP2Gate.bind(
      host: host, port: port, tls: tls, settings: http2,
      full: TunnelAnswer.refused("\(settings.maxTunnels) agents are here already").line,
      maxWaiting: settings.maxWaiting, group: group, logger: logger,
      greet: { TunnelVisitor($0).answer },
      arrived: { connection, visitor in
        let agent = TunnelVisitor(visitor)
        guard let identity = agent.identity else { return }
        newArrival.yield(
          Arrival(
            connection: connection, identity: identity, priority: agent.priority, isSecure: visitor.isAuthenticated))
      })
    return TunnelHub(
      gate: gate, settings: settings, listener: listener, group: group, logger: logger, arrivals: (arrivals, newArrival)
    )
  }

  private init(
    gate: HTTP2Gate, settings: TunnelSettings, listener: Listener, group: any EventLoopGroup, logger: Logger,
    arrivals: (AsyncStream<Arrival>, AsyncStream<Arrival>.Continuation)
  ) {
    self.gate = gate
    self.settings = settings
    self.listener = listener
    self.group = group
    self.logger = logger
    (self.arrivals, newArrival) = arrivals
  }

  /// Where it listens.
  package var address: SocketAddress { gate.localAddress }

  /// As `HTTP2Server.replace`.
  package func replace(_ tls: HTTP2TLS) throws(HTTP2Error) { try gate.replace(tls) }

  /// Agents with a tunnel.
  package var presentCount: Int { agents.withLock { $0.values.count { $0.isPresent } } }

  /// Takes tunnels until graceful shutdown, when calls that run may finish for as long as the grace, or until the task is cancelled. Once.
  package func run() async throws {
    await withDiscardingTaskGroup { group in
      group.addTask {
        await withDiscardingTaskGroup { group in
          for await arrival in self.arrivals { group.addTask { await self.take(arrival) } }
        }
      }
      group.addTask { await cancelWhenGracefulShutdown { await self.sweep() } }
      do {
        try await gracefulShutdown()
        await gate.shutdown(grace: settings.grace)
      } catch {
        await gate.shutdown(grace: .zero)
      }
      newArrival.finish()
      for agent in agents.withLock({ Array($0.values) }) { agent.stop() }
    }
  }

  /// Returns when the tunnel is closed.
  private func take(_ arrival: Arrival) async {
    let (connection, identity) = (arrival.connection, arrival.identity)
    var rpc = RPCSettings()
    rpc.replyMargin = settings.replyMargin
    let client = RPCClient(
      connection: connection, authority: "\(identity.name).\(identity.segment)", isSecure: arrival.isSecure,
      settings: rpc)
    if let reason = await illness(of: client) {
      logger.warning("An agent that dialled in is not well", metadata: metadata(arrival, reason))
      return await connection.close()
    }
    guard let (agent, number, replaced) = enter(client, identity, arrival.priority) else {
      logger.error("There is no room for an agent that dialled in", metadata: metadata(arrival, nil))
      return await connection.close()
    }
    logger.notice("An agent has dialled in", metadata: metadata(arrival, nil))
    // Learned at once, on the event loop: the next call must not find it any more.
    connection.unusable.whenSuccess { error in
      guard agent.lost(number, error.message) else { return }
      self.logger.warning("The tunnel of an agent ended", metadata: self.metadata(arrival, error.message))
    }
    if let replaced {
      report(replaced, by: arrival)
      await replaced.shutdown(grace: settings.longestDrain)
    }
    _ = try? await connection.unusable.get()
    await connection.shutdown(grace: settings.longestDrain)
  }

  /// One agent dials anew when its link broke or its certificate is another; two take turns for ever.
  private func report(_ replaced: HTTP2Connection, by arrival: Arrival) {
    guard let before = replaced.remoteAddress?.ipAddress, before != arrival.connection.remoteAddress?.ipAddress else {
      return logger.info("An agent's tunnel was replaced", metadata: metadata(arrival, nil))
    }
    logger.warning(
      "Another machine has taken an agent's place: give each agent of a segment its own name",
      metadata: metadata(arrival, "it was at \(before)"))
  }

  /// Nil: the agent serves.
  private func illness(of client: RPCClient) async -> String? {
    do {
      let reply = try await client.unary(
        AgentProtocol.healthCheck, try HealthCheckRequest().framed(), deadline: .now + settings.healthTimeout)
      let status = try HealthCheckResponse(answered: reply.message).status
      return status == .serving ? nil : "its health is \(status)"
    } catch {
      return error.message
    }
  }

  /// The agent's place, made where there is none. Under the lock from end to end, so that nobody is told of joining and leaving in the
  /// wrong order. One that comes back with another priority is another agent to whoever is told.
  private func enter(
    _ client: RPCClient, _ identity: AgentIdentity, _ priority: Int
  ) -> (agent: TunnelledAgent, number: Int, replaced: HTTP2Connection?)? {
    agents.withLock { agents in
      var replaced: HTTP2Connection?
      if let agent = agents[identity] {
        guard let use = agent.use(client) else { return nil }
        guard agent.priority != priority else { return (agent, use.number, use.replaced) }
        replaced = use.replaced
        agents[identity] = nil
        agent.stop()
        listener.left(agent)
      }
      guard agents.count < settings.maxAgents else { return nil }
      let agent = TunnelledAgent(identity, priority: priority, patience: settings.patience, group: group)
      guard let use = agent.use(client), listener.joined(agent) else { return nil }
      agents[identity] = agent
      return (agent, use.number, replaced)
    }
  }

  /// Forgets agents that have been away for long, now and then, until the task is cancelled.
  private func sweep() async {
    while (try? await Task.sleep(for: max(settings.forgetAfter / 10, .milliseconds(10)))) != nil {
      agents.withLock { agents in
        for (identity, agent) in agents {
          guard let since = agent.absentSince, since.duration(to: .now) >= settings.forgetAfter else { continue }
          agents[identity] = nil
          agent.stop()
          listener.left(agent)
          logger.notice("An agent that stayed away is forgotten", metadata: ["agent": "\(identity)"])
        }
      }
    }
  }

  private func metadata(_ arrival: Arrival, _ reason: String?) -> Logger.Metadata {
    var metadata: Logger.Metadata = ["agent": "\(arrival.identity)"]
    if let address = arrival.connection.remoteAddress { metadata["peer"] = "\(address)" }
    if let reason { metadata["reason"] = "\(reason)" }
    return metadata
  }
}
