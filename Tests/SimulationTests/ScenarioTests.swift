import Simulation
import Testing

/// The scenarios in short. An unoptimized build simulates 60 µs for each request, so one seed of some is judged here, and five of
/// the two cheapest; `scout-simulation --seeds 20 --ours --check` and `--seeds 1 --check`, which CI runs, do all of it in an
/// optimized build.
@Suite(.serialized) struct ScenarioTests {
  private static let judged: Set = ["S1", "S5", "S9", "HANG", "MIX"]

  @Test func nothingForbiddenHappensAndWhatIsAcceptedIsReached() async {
    await withDiscardingTaskGroup { group in
      for scenario in Scenarios.all where Self.judged.contains(scenario.name) { group.addTask { judge(scenario) } }
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
      #expect(verdict.outcome == .reached, "\(name), seed 1: \(verdict.criterion.text), and it was \(figure)")
    }
  }

  /// Agents that hang, die, drain and fail while there are writes and effects; and a fleet that is hardly used.
  @Test(arguments: ["MIX", "S3"], 2..<7 as Range<UInt64>)
  func nothingForbiddenHappensUnderAnySeed(_ name: String, seed: UInt64) async throws {
    await Task.yield()
    let scenario = try #require(Scenarios.all.first { $0.name == name })
    let study = Study(scenario, policies: [.ours], seeds: seed..<seed + 1)
    #expect(study.violations.isEmpty, "\(study.violations.joined(separator: "\n"))")
  }

  /// Other people's figures come out: the simulation is right where it can be compared. The others are left to the optimized build.
  @Test(arguments: ["S1", "S2", "S5"])
  func publishedBaselinesAreReproduced(_ name: String) async throws {
    await Task.yield()
    let scenario = try #require(Scenarios.all.first { $0.name == name })
    let published = Criterion.all.filter { $0.scenario == name && !$0.policy.isOurs }
    let study = Study(scenario, policies: Array(Set(published.map(\.policy))), seeds: 1..<2)
    for verdict in study.verdicts {
      let figure = verdict.figure.map { "\($0)" } ?? "nothing"
      #expect(verdict.outcome != .notReached, "\(name), seed 1: \(verdict.criterion.text), and it was \(figure)")
    }
  }

  @Test func whatIsKnownToDifferIsToldAndMissesNothing() throws {
    let scenario = try #require(Scenarios.all.first { $0.name == "S11" })
    let study = Study(scenario, policies: [.unlimitedHedging], seeds: 1..<2)
    #expect(study.verdicts.map(\.outcome) == [.differs])
    #expect(study.markdown.contains("published 1.37: 1.7"))
    #expect(study.markdown.contains("not reproduced"))
  }

  /// The choice that ROUTING bounds is judged, in an optimized build only.
  @Test func theLargestDirectoryIsJudged() throws {
    let scale = try Scale(coordinators: 1, agents: 1_000, hosts: 1_000, ways: 2, calls: 500)
    let verdict = try #require(scale.verdict)
    #expect(verdict.text.contains("5000 ns is wanted"))
    #if DEBUG
      #expect(verdict.isReached == nil && verdict.text.hasSuffix("not judged, the build is not optimized"))
    #else
      #expect(verdict.isReached != nil)
    #endif
    #expect(try Scale(coordinators: 1, agents: 10, hosts: 100, ways: 2, calls: 500).verdict == nil)
  }

  @Test func theSameSeedIsTheSameRun() throws {
    let scenario = try #require(Scenarios.all.first { $0.name == "MIX" })
    let runs = [1, 1, 2].map { World(scenario, .ours, seed: $0).run().logHash }
    #expect(runs[0] == runs[1])
    #expect(runs[0] != runs[2])
  }
}
