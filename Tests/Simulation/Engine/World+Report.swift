import Routing

/// What came of a run.
extension World {
  func report() -> Report {
    var report = Report(scenario: scenario.name, policy: policy, seed: seed)
    report.takeQuantiles(measure.latencies)
    let requests = Double(max(1, measure.requests))
    report.requests = measure.requests
    report.errors = Double(measure.errors) / requests
    report.sentRatio = Double(measure.sent) / requests
    report.toBad = measure.sentToBad
    report.recovery = recovery()
    report.logHash = logHash
    var figures = report.figures
    figures["within 1 s"] = Double(measure.prompt) / requests
    if measure.looks > 0 { figures["max/mean in flight"] = measure.imbalance / Double(measure.looks) }
    figures["detected"] = measure.detected
    figures["ejections"] = coordinators.reduce(0) { $0 + Double($1.router.counters.ejections) }
    figures["picks in panic"] = coordinators.reduce(0) { $0 + Double($1.router.counters.picksInPanic) }
    figures["share deviation"] = deviation()
    figures["nearest zone"] = zoneShare()
    figures["goodput in window"] = measure.goodput(from: scenario.window.lowerBound, to: scenario.window.upperBound)
    figures["hit ratio"] = hitRatio()
    figures["p99 ratio"] = p99Ratio(report)
    figures["steps down"] = stepsDown()
    if scenario.hanging != nil {
      figures["other hosts' errors"] = Double(measure.otherErrors)
      figures["longest ejection"] = Double(measure.longestEjection) * Self.lookPause
      figures["told at once"] = measure.toldAtOnce
    }
    report.figures = figures
    if policy.isOurs { checkRest() }
    report.violations = measure.violations
    return report
  }

  /// The time from the end of the first fault until the agent has 80 % of a fair share of the attempts of a second, or,
  /// with admission control, until 99 % of what begins is answered.
  private func recovery() -> Double? {
    guard let fault = scenario.faults.first, fault.to < scenario.duration else { return nil }
    var from = fault.to
    while from + 1 <= scenario.duration {
      if scenario.hasAdmission {
        if measure.goodput(from: from, to: from + 1) >= 0.99 { return from - fault.to }
      } else if measure.share(of: fault.agents.lowerBound, from: from, to: from + 1) * Double(scenario.agents) >= 0.8 {
        return from + 1 - fault.to
      }
      from += Measure.bucket
    }
    return nil
  }

  /// How far the agent with the most unequal part of the attempts is from the mean, as a share of it.
  private func deviation() -> Double {
    let shares = agents.indices.map {
      measure.share(of: $0, from: scenario.window.lowerBound, to: scenario.window.upperBound) * Double(agents.count)
    }
    return shares.map { abs($0 - 1) }.max() ?? 0
  }

  private func zoneShare() -> Double {
    agents.indices.reduce(0) { sum, agent in
      guard scenario.priority(agent) == 0 else { return sum }
      return sum + measure.share(of: agent, from: scenario.window.lowerBound, to: scenario.window.upperBound)
    }
  }

  private func hitRatio() -> Double? {
    let counts = agents.compactMap { $0.pool?.counts }
    let granted = counts.reduce(0) { $0 + $1.granted }
    return granted == 0 ? nil : Double(counts.reduce(0) { $0 + $1.hits }) / Double(granted)
  }

  private func p99Ratio(_ report: Report) -> Double? {
    guard !measure.latenciesBefore.isEmpty else { return nil }
    return report.p99 / Report.quantile(measure.latenciesBefore.sorted(), 0.99)
  }

  /// The newcomer's share by 10 s: by how much it falls at worst from one to the next, as a part of a fair share. In
  /// less time there are too few requests to tell a fall from chance.
  private func stepsDown() -> Double? {
    guard let joins = scenario.lastJoinsAt else { return nil }
    var worst = 0.0
    var last = 0.0
    for step in 0..<3 {
      let from = joins + Double(step) * 10
      let share = measure.share(of: scenario.agents - 1, from: from, to: from + 10) * Double(scenario.agents)
      worst = max(worst, last - share)
      last = share
    }
    return worst
  }
}
