/// What one host usually takes, so that a slow host does not look like a slow agent. A value.
///
/// The agent's limit is fed with latencies relative to each host's own: a fan-out over near and far hosts then says nothing,
/// and all of them taking longer than they do says that the agent has too much to do.
struct HostPace: Sendable, Hashable {
  /// Samples that the mean goes back over.
  private static let window = 600.0

  private var mean = 0.0
  private var samples = 0.0

  /// `seconds` as a multiple of what is usual, which learns of it; 1 for the first.
  mutating func ratio(of seconds: Double) -> Double {
    guard seconds > 0 else { return 1 }
    let ratio = mean > 0 ? seconds / mean : 1
    samples = min(samples + 1, Self.window)
    mean += (seconds - mean) / samples
    return ratio
  }
}
