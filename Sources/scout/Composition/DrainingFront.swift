import Agent
import AgentAPI
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// How coordinators get to an agent, for as long as it is to run. Told to go by SIGTERM, Ctrl-C or `scout agent drain`, the agent takes
/// nothing new, and this ends as soon as nothing runs any more, or after `patience`. A second SIGTERM or Ctrl-C ends it now, and cancels
/// what runs. It alone traps these signals.
struct DrainingFront: Service {
  /// What `scout agent drain` sends, SIGUSR1: free for a program's own use (signal(7)). Sent once more it does no harm.
  static let number = SIGUSR1
  /// How long what runs may take.
  static let patience: Duration = .seconds(30)

  private enum Event: Sendable {
    case told(UnixSignal)
    case nothingRuns
    case ended
  }

  let front: any Service
  let agent: Agent
  /// Says from the beginning of a drain that the agent goes: nobody new is to come.
  let health: HealthBoard
  let logger: Logger

  func run() async throws {
    // One look at the signals for the whole time: they cannot be waited for twice.
    let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sigusr1)
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [front], logger: logger))
    let (events, event) = AsyncStream.makeStream(of: Event.self)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { event.yield(.ended) }
        try await Self.run(group)
      }
      tasks.addTask { for await signal in signals { event.yield(.told(signal)) } }
      var isDraining = false
      waiting: for await next in events {
        switch next {
        case .told(let signal) where isDraining:
          guard signal != .sigusr1 else { continue }
          logger.warning("ending with what still runs")
          break waiting
        case .told:
          isDraining = true
          logger.notice("draining", metadata: ["seconds": "\(Self.patience.components.seconds)"])
          health.drained()
          tasks.addTask {
            await agent.drain(upTo: Self.patience)
            event.yield(.nothingRuns)
          }
        case .nothingRuns: await group.triggerGracefulShutdown()
        case .ended: break waiting
        }
      }
      tasks.cancelAll()
      try await tasks.waitForAll()
    }
  }

  /// Being cancelled is no failure of what was served.
  private static func run(_ group: ServiceGroup) async throws {
    do {
      try await group.run()
    } catch {
      guard Task.isCancelled else { throw error }
    }
  }
}
