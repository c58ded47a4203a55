import ArgumentParser
import SSHConfig

/// Reading an ssh_config and resolving every host that it names.
struct ConfigBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "config")

  @OptionGroup var config: ConfigOption
  @Option var rounds = 20

  func run() async throws {
    let clock = ContinuousClock()
    var times: [Duration] = []
    var hosts = 0
    for _ in 0..<rounds {
      times.append(
        try clock.measure {
          let config = try SSHConfig.load(path: config.sshConfig)
          hosts = config.aliases.count
          for alias in config.aliases { _ = try config.resolve(alias) }
        })
    }
    times.sort()
    let median = times[times.count / 2].components
    print("{\"hosts\": \(hosts), \"median_ms\": \(Double(median.seconds) * 1000 + Double(median.attoseconds) / 1e15)}")
  }
}
