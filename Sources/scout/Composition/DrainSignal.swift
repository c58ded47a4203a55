import Agent
import AgentAPI
import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// Waits for `scout agent drain`: then the agent takes nothing new, may take its time to finish what runs, and ends as by SIGTERM.
///
/// SIGTERM itself cannot wait so long: service managers and people expect an end within seconds.
struct DrainSignal: Service {
  /// SIGUSR1: free for a program's own use (signal(7)).
  static let number = SIGUSR1
  /// How long what runs may take.
  static let patience: Duration = .seconds(30)

  let agent: Agent
  /// Says from the beginning that the agent goes: nobody new is to come.
  let health: HealthBoard
  let logger: Logger

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sigusr1)
    await cancelWhenGracefulShutdown {
      for await _ in signals {
        logger.notice("draining", metadata: ["seconds": "\(Self.patience.components.seconds)"])
        health.drained()
        await agent.drain(upTo: Self.patience)
        kill(getpid(), SIGTERM)
        return
      }
    }
  }
}
