import Logging
import NIOCore
import Pool
import ServiceLifecycle
import Synchronization

/// Doing what the pool decides.
extension SSHPool {
  /// Makes and closes connections until graceful shutdown: then requests that wait are refused, leases that are out have
  /// the grace to end, and every connection is closed on return. Cancelling it closes them at once.
  package func run() async throws {
    await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await withDiscardingTaskGroup { group in
          for await job in jobs {
            group.addTask { await self.perform(job) }
          }
        }
      } onGracefulShutdown: {
        self.shutDown()
      }
    } onCancel: {
      self.tell { $0.shutdownForced(now: $1) }
    }
    for connection in state.withLock({ $0.takeConnections() }) { await connection.close() }
  }

  private func shutDown() {
    tell { $0.shutdownBegan(now: $1) }
    timerLoop.scheduleTask(in: TimeAmount(settings.shutdownGrace)) {
      self.tell { $0.shutdownForced(now: $1) }
    }
  }

  /// One event for the pool, and what follows from it. `ending`: this connection is gone with it.
  func tell(
    ending id: ConnectionID? = nil,
    _ event: (inout Pool<Moment>, Moment) -> PoolActions<Moment>
  ) {
    let effects = state.withLock { state in
      if let id { state.unlink(id) }
      let actions = event(&state.pool, state.now)
      return state.effects(of: actions)
    }
    perform(effects)
  }

  func perform(_ effects: [PoolEffect]) {
    for effect in effects {
      switch effect {
      case .start(let job):
        queue.yield(job)
      case .resume(let continuation, let answer):
        continuation.resume(returning: answer)
      case .closeLane(let id, let lane):
        lane?.close()
        tell { $0.laneClosed(id, now: $1) }
      case .reportFailure(let id, let error):
        tell(ending: id) { $0.handshakeFailed(id, error.connectFailure, now: $1) }
      case .wake(let moment, let delay):
        wake(at: moment, in: delay)
      case .finish:
        queue.finish()
      }
    }
  }

  private func wake(at moment: Moment, in delay: Duration) {
    timerLoop.scheduleTask(in: TimeAmount(delay)) {
      let effects = self.state.withLock { state -> [PoolEffect] in
        guard state.timerDue == moment else { return [] }
        state.timerDue = nil
        let actions = state.pool.timerFired(now: state.now)
        return state.effects(of: actions)
      }
      self.perform(effects)
    }
  }

  private func perform(_ job: PoolJob) async {
    switch job {
    case .connect(let id, let host, let outer, let keepalive):
      await connect(id, host, over: outer, keepalive: keepalive)
    case .openLane(let id, let connection):
      await openLane(id, on: connection)
    case .close(let connection):
      await connection.close()
    }
  }
}
