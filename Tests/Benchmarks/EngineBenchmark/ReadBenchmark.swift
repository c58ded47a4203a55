import ArgumentParser
import Logging
import NIOPosix
import SSH
import SSHConfig

/// Reads of one file over one connection, with so many SFTP lanes side by side and nothing else around them.
struct ReadBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "read")

  @OptionGroup var config: ConfigOption
  @Option var host = "host1"
  @Option var path: String
  @Option var lanes = 8
  @Option var seconds = 5

  func run() async throws {
    let resolved = try SSHConfig.load(path: config.sshConfig).resolve(host)
    let path = try RemotePath(path)
    let connection = try await SSHConnection.connect(
      to: resolved, credentials: SSHCredentials(), on: MultiThreadedEventLoopGroup.singleton.next(),
      deadline: .now + .seconds(20), logger: Logger(label: "benchmark"))
    let end = ContinuousClock.now + .seconds(seconds)
    let count = try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<lanes {
        let lane = try await connection.openLane(deadline: .now + .seconds(20))
        group.addTask {
          var count = 0
          while ContinuousClock.now < end {
            _ = try await lane.readFile(path, limit: SFTPLane.readLimit, deadline: end + .seconds(20))
            count += 1
          }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
    await connection.close()
    print("{\"lanes\": \(lanes), \"per_second\": \(Double(count) / Double(seconds))}")
  }
}
