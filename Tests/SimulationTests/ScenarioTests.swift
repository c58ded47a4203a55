import Simulation
import Testing

/// The scenarios in short. An unoptimized build simulates 60 µs for each request, so one seed of each is judged here, and
/// twenty of the two cheapest; `scout-simulation --seeds 20 --ours --check`, which CI runs, does all of it in an optimized build.
@Suite(.serialized) struct ScenarioTests {
  @Test func nothingForbiddenHappensAndWhatIsAcceptedIsReached() async {
    await withDiscardingTaskGroup { group in
      for scenario in Scenarios.all { group.addTask { judge(scenario) } }
    }
  }

  private func judge(_ scenario: Scenario) {
    let name = scenario.name
    let judged = Criterion.all.filter { $0.scenario == name && $0.policy.isOurs }.map(\.policy)
    let policies = [Policy.ours] + (judged.contains(.oursWithoutRetry) ? [.oursWithoutRetry] : [])
    let study = Study(scenario, policies: policies, seeds: 1..<2)
    #expect(study.violations.isEmpty, "\(study.violations.joined(separator: "\n"))")
    for verdict in study.verdicts {
      let figure = verdict.figure.map { "\($0)" } ?? "nothing"
      #expect(verdict.isReached, "\(name), seed 1: \(verdict.criterion.text), and it was \(figure)")
    }
  }

  /// Agents that hang, die, drain and fail while there are writes and effects; and a fleet that is hardly used.
  @Test(arguments: ["MIX", "S3"], 2..<21 as Range<UInt64>)
  func nothingForbiddenHappensUnderAnySeed(_ name: String, seed: UInt64) async throws {
    await Task.yield()
    let scenario = try #require(Scenarios.all.first { $0.name == name })
    let study = Study(scenario, policies: [.ours], seeds: seed..<seed + 1)
    #expect(study.violations.isEmpty, "\(study.violations.joined(separator: "\n"))")
  }

  /// Other people's figures come out: the simulation is right where it can be compared.
  @Test(arguments: [(Policy.roundRobin, 0.9545), (.leastRequest, 0.9950), (.peakEwma, 0.9993)])
  func publishedBaselinesAreReproduced(_ policy: Policy, share: Double) async throws {
    await Task.yield()
    let scenario = try #require(Scenarios.all.first { $0.name == "S1" })
    let report = World(scenario, policy, seed: 1).run()
    let found = try #require(report.figures["within 1 s"])
    #expect(abs(found - share) <= 0.001, "\(found)")
  }

  @Test func theSameSeedIsTheSameRun() throws {
    let scenario = try #require(Scenarios.all.first { $0.name == "MIX" })
    let runs = [1, 1, 2].map { World(scenario, .ours, seed: $0).run().logHash }
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }
}
