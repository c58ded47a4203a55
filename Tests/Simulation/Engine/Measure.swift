import Routing

/// What is counted during one run. A value.
struct Measure {
  /// Of requests that began in the window.
  var latencies: [Double] = []
  var requests = 0
  var errors = 0
  var sent = 0
  var sentToBad = 0
  /// Answered within 1 s.
  var prompt = 0

  /// Attempts sent, probes left out: by half second, then by agent.
  var sentOverTime: [[Int]] = []
  /// Requests that began, and those of them that were answered: by half second of their beginning.
  var begunOverTime: [Int] = []
  var answeredOverTime: [Int] = []
  /// Latencies of requests that began after 5 s and before the window.
  var latenciesBefore: [Double] = []

  var imbalance = 0.0
  var looks = 0
  var detected: Double?
  var violations: [String] = []

  /// Where hosts hang: requests of the other hosts that failed, those of hanging hosts that began when it was known, and those of
  /// them that were told so at once.
  var otherErrors = 0
  private var hanging = 0
  private var hangingToldAtOnce = 0
  /// Looks in a row in which a coordinator had ejected an agent: now, by the pair's number, and at most.
  private var ejections: [Int: Int] = [:]
  private(set) var longestEjection = 0

  static let bucket = 0.5

  init(duration: Double, agents: Int) {
    let buckets = Int(duration / Self.bucket) + 2
    sentOverTime = Array(repeating: Array(repeating: 0, count: agents), count: buckets)
    begunOverTime = Array(repeating: 0, count: buckets)
    answeredOverTime = Array(repeating: 0, count: buckets)
  }

  func place(_ seconds: Double) -> Int { min(begunOverTime.count - 1, max(0, Int(seconds / Self.bucket))) }

  mutating func violate(_ what: String) {
    if violations.count < 5 { violations.append(what) }
  }

  mutating func sawEjected(_ pair: Int, _ isEjected: Bool) {
    ejections[pair] = isEjected ? ejections[pair, default: 0] + 1 : nil
    longestEjection = max(longestEjection, ejections[pair] ?? 0)
  }

  /// A request of a host that hangs, and is known to, is over.
  mutating func hangingEnded(after seconds: Double) {
    hanging += 1
    if seconds <= 0.050 { hangingToldAtOnce += 1 }
  }

  /// Share of those requests; nil where there were none.
  var toldAtOnce: Double? { hanging == 0 ? nil : Double(hangingToldAtOnce) / Double(hanging) }

  /// The share of the agent among all attempts between two instants.
  func share(of agent: Int, from: Double, to: Double) -> Double {
    var all = 0
    var own = 0
    for bucket in place(from)..<max(place(from) + 1, place(to)) {
      all += sentOverTime[bucket].reduce(0, +)
      own += sentOverTime[bucket][agent]
    }
    return all == 0 ? 0 : Double(own) / Double(all)
  }

  /// The share of what began between two instants that was answered.
  func goodput(from: Double, to: Double) -> Double {
    var begun = 0
    var answered = 0
    for bucket in place(from)..<max(place(from) + 1, place(to)) {
      begun += begunOverTime[bucket]
      answered += answeredOverTime[bucket]
    }
    return begun == 0 ? 1 : Double(answered) / Double(begun)
  }
}

/// The outcome of one run. A value.
package struct Report: Sendable {
  package let scenario: String
  package let policy: Policy
  package let seed: UInt64
  package var requests = 0
  /// Seconds.
  package var p50 = 0.0
  package var p95 = 0.0
  package var p99 = 0.0
  package var p999 = 0.0
  /// Share of the requests.
  package var errors = 0.0
  /// Attempts for each request.
  package var sentRatio = 0.0
  package var toBad = 0
  /// Seconds; nil: does not apply, or never.
  package var recovery: Double?
  /// What the scenario's acceptance is about, by name.
  package var figures: [String: Double] = [:]
  package var violations: [String] = []
  /// Of every event in its order: equal for equal seeds.
  package var logHash: UInt64 = 0

  init(scenario: String, policy: Policy, seed: UInt64) {
    self.scenario = scenario
    self.policy = policy
    self.seed = seed
  }

  mutating func takeQuantiles(_ latencies: [Double]) {
    let sorted = latencies.sorted()
    p50 = Self.quantile(sorted, 0.5)
    p95 = Self.quantile(sorted, 0.95)
    p99 = Self.quantile(sorted, 0.99)
    p999 = Self.quantile(sorted, 0.999)
  }

  static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, max(0, Int((Double(sorted.count) * share).rounded(.up)) - 1))]
  }
}
