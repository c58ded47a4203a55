import Logging
import NIOCore
import Pool
import SSHConfig
import Synchronization
import ServiceLifecycle

/// Making connections and lanes: child tasks of `run()`.
extension SSHPool {
  func connect(_ id: ConnectionID, _ host: ResolvedHost, over outer: SSHConnection?, keepalive: Duration) async {
    var settings = self.settings.connectBounds?(host, self.settings.connection) ?? self.settings.connection
    settings.keepaliveInterval = host.serverAliveInterval ?? keepalive
    settings.keepaliveLimit =
      host.serverAliveInterval == nil ? self.settings.pool.keepalivesBeforeDead : host.serverAliveCountMax
    do {
      let connection = try await cancelWhenGracefulShutdown { [settings] in
        try await SSHConnection.connect(
          to: host, over: outer, credentials: self.credentials, settings: settings,
          on: outer?.eventLoop ?? self.group.next(), deadline: .now + settings.connectLimit(of: host),
          logger: self.logger)
      }
      await established(id, connection)
    } catch {
      let error = SSHError(error, host: host.alias)
      logger.debug(
        "connection failed",
        metadata: ["host": "\(host.alias)", "code": "\(error.code.rawValue)", "reason": "\(error.message)"])
      // First the pool: whoever hears of it looks at the host's breaker.
      tell(ending: id) { $0.handshakeFailed(id, error.connectFailure, now: $1) }
      observer?(host, .connectFailed(error))
    }
  }

  private func established(_ id: ConnectionID, _ connection: SSHConnection) async {
    let effects = state.withLock { state -> [PoolEffect]? in
      guard state.link(id, connection) else { return nil }
      state.pool.handshakeMeasured(.tcp, connection.timings.tcp)
      state.pool.handshakeMeasured(.keyExchange, connection.timings.keyExchange)
      state.pool.handshakeMeasured(.authentication, connection.timings.authentication)
      state.pool.handshakeMeasured(.total, connection.timings.total)
      let actions = state.pool.connectionEstablished(id, now: state.now)
      return state.effects(of: actions)
    }
    if let observer {
      let host = connection.host
      observer(host, .connected(connection.timings))
      connection.whenKeptAlive { observer(host, .alive) }
    }
    connection.whenObstructed {
      self.logger.debug("a channel obstructs its connection", metadata: ["host": "\(connection.host.alias)"])
      self.tell { $0.connectionObstructed(id, now: $1) }
    }
    connection.ended.whenSuccess { reason in
      self.tell(ending: id) { $0.connectionClosed(id, reason?.connectFailure, now: $1) }
      self.observer?(connection.host, .disconnected)
    }
    if let effects {
      perform(effects)
    } else {
      await connection.close()
    }
  }

  func openLane(_ id: LaneID, on connection: SSHConnection) async {
    do {
      let lane = try await connection.openLane(deadline: .now + settings.laneTimeout)
      let effects = state.withLock { state -> [PoolEffect]? in
        guard state.setLane(lane, at: id) else { return nil }
        let actions = state.pool.laneOpened(id, now: state.now)
        return state.effects(of: actions)
      }
      if let effects {
        perform(effects)
      } else {
        lane.close()
      }
    } catch {
      logger.debug(
        "lane refused", metadata: ["host": "\(connection.host.alias)", "reason": "\(error.message)"])
      // A lane that failed with its connection is the connection's to tell.
      guard error.scope != .connection else { return }
      tell { $0.laneOpenFailed(id, reason: error, now: $1) }
    }
  }
}
