/// The latencies of the last 20 to 30 s: three histograms of 10 s each, the oldest dropped as time goes. A value of 3 KB.
///
/// Buckets grow by an eighth of a power of two from an eighth of a microsecond to 9 minutes; a quantile is interpolated within its
/// bucket, right within about 5 %.
package struct LatencyWindow: Sendable, Hashable {
  private static let steps = 8
  private static let buckets = 30 * steps
  private static let slots = 3

  private let slotNanoseconds: Int64
  private var counts: [UInt32] = []
  /// The number of the newest slot, counted from the origin.
  private var newest: Int64 = 0
  /// Samples in the window.
  package private(set) var count = 0

  package init(slot: Duration = .seconds(10)) {
    slotNanoseconds = max(1, slot.wholeNanoseconds)
  }

  package mutating func record(_ seconds: Double, now: Timestamp) {
    advance(now)
    if counts.isEmpty { counts = Array(repeating: 0, count: Self.slots * Self.buckets) }
    counts[slotStart(newest) + Self.bucket(seconds)] &+= 1
    count += 1
  }

  /// Drops what has become too old.
  package mutating func advance(_ now: Timestamp) {
    let slot = now.nanoseconds / slotNanoseconds
    guard slot > newest else { return }
    if !counts.isEmpty {
      for past in (max(newest + 1, slot - Int64(Self.slots) + 1))...slot { clear(past) }
    }
    newest = slot
  }

  /// The latencies, in seconds, below which the given shares lie, in one pass; nil without samples.
  /// - Parameter shares: ascending.
  package func quantiles(_ shares: [Double]) -> [Double]? {
    guard count > 0 else { return nil }
    var result: [Double] = []
    var seen = 0.0
    var bucket = 0
    for share in shares {
      let rank = max(0.5, Double(count) * share)
      var here = Double(merged(bucket))
      while seen + here < rank, bucket < Self.buckets - 1 {
        seen += here
        bucket += 1
        here = Double(merged(bucket))
      }
      let within = here > 0 ? min(1, (rank - seen) / here) : 0
      let low = Self.lowerEdge(bucket)
      result.append(low + within * (Self.lowerEdge(bucket + 1) - low))
    }
    return result
  }

  private func merged(_ bucket: Int) -> Int {
    Int(counts[bucket]) + Int(counts[Self.buckets + bucket]) + Int(counts[2 * Self.buckets + bucket])
  }

  private func slotStart(_ slot: Int64) -> Int { Int(slot % Int64(Self.slots)) * Self.buckets }

  private mutating func clear(_ slot: Int64) {
    let start = slotStart(slot)
    for index in start..<start + Self.buckets {
      count -= Int(counts[index])
      counts[index] = 0
    }
  }

  private static func bucket(_ seconds: Double) -> Int {
    let eighths = min(max(seconds, 0), 1_000) * 8e6
    guard eighths >= 8 else { return Int(eighths) }
    let whole = UInt64(eighths)
    let power = 63 - whole.leadingZeroBitCount
    let part = Int((whole >> UInt64(power - 3)) & 7)
    return min((power - 2) * steps + part, buckets - 1)
  }

  private static func lowerEdge(_ index: Int) -> Double {
    guard index >= steps else { return Double(index) / 8e6 }
    let power = index / steps + 2
    return Double((8 + index % steps) << (power - 3)) / 8e6
  }
}
