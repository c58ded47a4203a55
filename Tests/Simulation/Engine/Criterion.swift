/// One figure that a scenario is judged by. A value.
package struct Criterion: Sendable {
  package let scenario: String
  package let policy: Policy
  /// What has to hold, as the table shows it.
  package let text: String
  /// The figure of one run; nil where the run has none, which misses.
  let figure: @Sendable (Report) -> Double?
  let holds: @Sendable (Double) -> Bool

  init(
    _ scenario: String, _ text: String, policy: Policy = .ours, _ figure: @escaping @Sendable (Report) -> Double?,
    _ holds: @escaping @Sendable (Double) -> Bool
  ) {
    self.scenario = scenario
    self.policy = policy
    self.text = text
    self.figure = figure
    self.holds = holds
  }

  /// The median of the figure over runs with different seeds, and whether it is good enough.
  ///
  /// - Parameter reports: runs of this criterion's scenario and policy.
  package func judged(_ reports: [Report]) -> (figure: Double?, isReached: Bool) {
    let figures = reports.map(figure)
    guard !figures.isEmpty, !figures.contains(where: { $0 == nil }) else { return (nil, false) }
    let median = figures.compactMap { $0 }.sorted()[figures.count / 2]
    return (median, holds(median))
  }
}

extension Criterion {
  /// What is accepted of the sixteen scenarios.
  package static let all: [Criterion] = reproduced + latency + failures + load + fleet

  /// What others measured of the baselines in the first scenario: the simulation is right where they come out the same.
  private static let reproduced: [Criterion] = [
    (Policy.roundRobin, 95.45), (.leastRequest, 99.50), (.peakEwma, 99.93),
  ].map { policy, published in
    Criterion(
      "S1", "\(policy.rawValue) answers \(published) +-0.1 % within 1 s", policy: policy,
      { $0.figures["within 1 s"].map { $0 * 100 } }, { abs($0 - published) <= 0.1 })
  }

  private static let latency = [
    Criterion("S1", "answered within 1 s >= 99.95 %", { $0.figures["within 1 s"] }, { $0 >= 0.9995 }),
    Criterion("S1", "p99 <= 185 ms", { $0.p99 }, { $0 <= 0.185 }),
    Criterion("S1", "sent/requests <= 1.02", { $0.sentRatio }, { $0 <= 1.02 }),
    Criterion("S2", "p99 <= 200 ms", { $0.p99 }, { $0 <= 0.200 }),
    Criterion("S3", "p99 <= 250 ms", { $0.p99 }, { $0 <= 0.250 }),
    Criterion("S8", "recovery <= 3 s", { $0.recovery }, { $0 <= 3 }),
    Criterion("S10", "p99.9 <= 250 ms", { $0.p999 }, { $0 <= 0.250 }),
    Criterion("S10", "sent/requests <= 1.02", { $0.sentRatio }, { $0 <= 1.02 }),
  ]

  private static let failures =
    ["S4", "S5", "S6"].flatMap { name in
      [
        Criterion(
          name, "errors without retry <= 0.15 %", policy: .oursWithoutRetry, { $0.errors }, { $0 <= 0.0015 }),
        Criterion(name, "errors <= 0.01 %", { $0.errors }, { $0 <= 0.0001 }),
      ]
    } + [
      Criterion("S7", "errors <= 0.10 %", { $0.errors }, { $0 <= 0.001 }),
      Criterion("S7", "detected <= 2.5 s", { $0.figures["detected"] }, { $0 <= 2.5 }),
      Criterion("S9", "no agent ejected", { $0.figures["ejections"] }, { $0 == 0 }),
      Criterion("S9", "share deviation <= 10 %", { $0.figures["share deviation"] }, { $0 <= 0.10 }),
    ]

  private static let load = [
    Criterion("S11", "sent/requests <= 1.03", { $0.sentRatio }, { $0 <= 1.03 }),
    Criterion("S11", "recovery <= 2 s", { $0.recovery }, { $0 <= 2 }),
    Criterion("S13", "panic on", { $0.figures["picks in panic"] }, { $0 > 0 }),
    Criterion("S13", "goodput >= 90 %", { $0.figures["goodput in window"] }, { $0 >= 0.90 }),
    Criterion("S15", "p99 <= 260 ms", { $0.p99 }, { $0 <= 0.260 }),
    Criterion("S15", "max/mean in flight <= 1.4", { $0.figures["max/mean in flight"] }, { $0 <= 1.4 }),
  ]

  private static let fleet = [
    Criterion("S12", "nearest zone 70 % +-2 %", { $0.figures["nearest zone"] }, { abs($0 - 0.70) <= 0.02 }),
    Criterion("S14", "share of each 10 s above the last", { $0.figures["steps down"] }, { $0 <= 0 }),
    Criterion("S14", "p99 <= 1.2 x before", { $0.figures["p99 ratio"] }, { $0 <= 1.2 }),
    Criterion("S16", "hit ratio >= 95 %", { $0.figures["hit ratio"] }, { $0 >= 0.95 }),
    Criterion("S16", "p95 <= 90 ms", { $0.p95 }, { $0 <= 0.090 }),
  ]
}
