/// One scenario under several policies and seeds. A value.
package struct Study: Sendable {
  package let scenario: Scenario
  package private(set) var reports: [Report] = []

  /// Runs it. Common random numbers: a seed means the same requests and the same draws for every policy.
  package init(_ scenario: Scenario, policies: [Policy], seeds: Range<UInt64>) {
    self.scenario = scenario
    for policy in policies {
      for seed in seeds { reports.append(World(scenario, policy, seed: seed).run()) }
    }
  }

  package func reports(of policy: Policy) -> [Report] { reports.filter { $0.policy == policy } }

  /// What may never happen, with the seed under which it did.
  package var violations: [String] {
    reports.flatMap { report in
      report.violations.map { "\(report.scenario), \(report.policy.rawValue), seed \(report.seed): \($0)" }
    }
  }

  /// The scenario's criteria with their figures.
  package var verdicts: [(criterion: Criterion, figure: Double?, outcome: Criterion.Outcome)] {
    Criterion.all.filter { $0.scenario == scenario.name && !reports(of: $0.policy).isEmpty }.map { criterion in
      let (figure, outcome) = criterion.judged(reports(of: criterion.policy))
      return (criterion, figure, outcome)
    }
  }

  /// As a Markdown table: medians over the seeds, a row for each policy, and below it what was accepted.
  package var markdown: String {
    var out = "### \(scenario.name): \(scenario.title)\n\n"
    out += "| policy | p50 ms | p95 ms | p99 ms | p99.9 ms | errors % | sent/requests | to the bad agent | recovery s |"
    out += scenario.shown.map { " \($0) |" } ?? ""
    out += "\n|---|---|---|---|---|---|---|---|---|" + (scenario.shown == nil ? "\n" : "---|\n")
    for policy in Policy.allCases {
      let own = reports(of: policy)
      guard !own.isEmpty else { continue }
      func median(_ figure: (Report) -> Double) -> Double { own.map(figure).sorted()[own.count / 2] }
      let recoveries = own.compactMap(\.recovery)
      var cells = [
        policy.rawValue, Self.text(median { $0.p50 * 1000 }, 0), Self.text(median { $0.p95 * 1000 }, 0),
        Self.text(median { $0.p99 * 1000 }, 0), Self.text(median { $0.p999 * 1000 }, 0),
        Self.text(median { $0.errors * 100 }, 3), Self.text(median(\.sentRatio), 3),
        scenario.badAgent == nil ? "" : Self.text(median { Double($0.toBad) }, 0),
        recoveries.count == own.count ? Self.text(recoveries.sorted()[recoveries.count / 2], 1) : "",
      ]
      if let shown = scenario.shown { cells.append(Self.text(median { $0.figures[shown] ?? 0 }, 4)) }
      out += "| " + cells.joined(separator: " | ") + " |\n"
    }
    for verdict in verdicts {
      out += "\n- \(verdict.criterion.text): \(verdict.figure.map { Self.text($0, 4) } ?? "no figure"), "
      let isOthers = !verdict.criterion.policy.isOurs
      out += isOthers && verdict.outcome == .reached ? "reproduced" : verdict.outcome.rawValue
    }
    if let first = reports(of: .ours).first {
      out += "\n- log of seed \(first.seed): \(String(first.logHash, radix: 16))"
    }
    return out + "\n"
  }

  private static func text(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return digits == 0 ? String(Int(rounded)) : String(rounded)
  }
}
