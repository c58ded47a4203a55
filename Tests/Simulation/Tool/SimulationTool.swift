import ArgumentParser
import Simulation

/// Runs the routing scenarios and prints a Markdown table for each: ours beside the baselines, and what is accepted.
@main struct SimulationTool: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scout-simulation", abstract: "Production routing on a virtual clock, beside four baselines.")

  @Option(help: "Runs of each scenario and policy, with seeds 1, 2, ...") var seeds: UInt64 = 20
  @Option(help: "Scenarios, separated by commas; all without it.") var only: String?
  @Flag(help: "Ours alone.") var ours = false
  @Flag(
    help:
      "What a choice costs in time and a fleet in memory, instead of the scenarios; scout-scale tells what the directory does."
  ) var scale = false
  @Option(help: .hidden) var row: Int?
  @Flag(help: "Exit with 1 if anything is not reached or violated.") var check = false

  func run() throws {
    guard !scale else {
      try measureScale()
      return
    }
    let names = only.map { Set($0.split(separator: ",").map(String.init)) }
    let scenarios = Scenarios.all.filter { names?.contains($0.name) ?? true }
    guard seeds > 0, !scenarios.isEmpty else {
      throw ValidationError("Give seeds of 1 or more, and scenarios of \(Scenarios.all.map(\.name))")
    }
    var missed = 0
    for scenario in scenarios {
      var policies: [Policy] = [.ours, .oursWithoutRetry]
      if !ours { policies += Policy.baselines }
      if scenario.name == "S11", !ours { policies.append(.unlimitedHedging) }
      let study = Study(scenario, policies: policies, seeds: 1..<seeds + 1)
      print(study.markdown)
      for violation in study.violations { print("VIOLATED: \(violation)") }
      missed += study.verdicts.count { $0.outcome == .notReached } + study.violations.count
    }
    if missed > 0 { print("\(missed) not reached or violated") }
    if check, missed > 0 { throw ExitCode.failure }
  }

  /// A row, and what is judged of it: by a process of its own for each.
  private func measureScale() throws {
    if let row {
      guard Scale.sizes.indices.contains(row) else { throw ValidationError("Give a row of \(Scale.sizes.indices)") }
      let (coordinators, agents, hosts, ways) = Scale.sizes[row]
      let scale = try Scale(coordinators: coordinators, agents: agents, hosts: hosts, ways: ways)
      print(scale.markdown)
      if let verdict = scale.verdict { print("- \(verdict.text)") }
      return
    }
    print(Scale.head)
    var verdicts: [String] = []
    for row in Scale.sizes.indices {
      guard let lines = Scale.lines(with: "--scale --row \(row)") else { throw ExitCode.failure }
      for line in lines where line.hasPrefix("|") { print(line) }
      verdicts += lines.filter { $0.hasPrefix("-") }
    }
    print("\n" + verdicts.joined(separator: "\n"))
    if check, verdicts.contains(where: { $0.contains("**not reached**") }) { throw ExitCode.failure }
  }
}
