import ArgumentParser

/// The parts of Scout by themselves, as the reference that the whole is measured against. Each subcommand prints one
/// line of JSON. Started by Tests/Benchmarks/run.sh.
@main
struct EngineBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine-benchmark", subcommands: [ReadBenchmark.self, ConfigBenchmark.self])
}

struct ConfigOption: ParsableArguments {
  @Option(help: "The ssh_config of the hosts.") var sshConfig: String
}
