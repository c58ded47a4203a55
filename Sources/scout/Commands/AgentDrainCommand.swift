import ArgumentParser
import Foundation
import Glibc

/// `scout agent drain`: the agent of this machine finishes what runs, takes nothing new, and ends.
struct AgentDrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drain", abstract: "Have the agent of this machine finish what runs and end.",
    discussion: """
      --state-dir (SCOUT_STATE_DIR) says which agent. It takes nothing new; operations that run get 30 seconds to finish. SIGTERM does \
      the same; this waits for the end. Exits with 0 once the agent has stopped, or with 1 if it is still running after --wait. The agent \
      then stays down until it is started again; where the segment has a second agent, no request fails meanwhile.
      """)

  @ParentCommand var parent: AgentCommand
  @Option(help: "Seconds to wait for its end, 0 to 600.") var wait = 40

  func run() async throws {
    let folder = try await parent.stateFolder()
    guard (0...600).contains(wait) else { throw SettingsError("--wait: a whole number from 0 to 600, in seconds") }
    guard let process = AgentPresence.process(stateFolder: folder) else {
      throw SettingsError("no agent runs with the folder \(folder)")
    }
    guard kill(process, DrainingFront.number) == 0 else {
      throw SettingsError("process \(process) cannot be told: \(String(cString: strerror(errno)))")
    }
    let limit = ContinuousClock.now + .seconds(wait)
    while AgentPresence.process(stateFolder: folder) == process {
      guard ContinuousClock.now < limit else {
        print("the agent (process \(process)) still finishes what runs")
        throw ExitCode(1)
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    print("the agent (process \(process)) has ended")
  }
}
