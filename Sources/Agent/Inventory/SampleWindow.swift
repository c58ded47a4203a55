/// The last thirty-two durations of one kind, which stand for the present. A value.
struct SampleWindow: Sendable {
  static let size = 32

  /// Microseconds, the oldest overwritten first.
  private var samples: [UInt32] = []
  private var next = 0

  var count: Int { samples.count }

  mutating func record(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    let sample = UInt32(clamping: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    if samples.count < Self.size { samples.append(sample) } else { samples[next] = sample }
    next = (next + 1) % Self.size
  }

  /// Milliseconds below which the given share of the samples stayed; 0 without any.
  func quantile(_ share: Double) -> Double {
    guard !samples.isEmpty else { return 0 }
    let sorted = samples.sorted()
    return Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1000
  }
}
