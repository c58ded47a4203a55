import AgentAPI
import Pool

extension PoolCounts {
  init(_ snapshot: PoolSnapshot) {
    let counters = snapshot.counters
    self.init()
    closed = Dictionary(uniqueKeysWithValues: counters.closed.map { ($0.rawValue, $1) })
    refused = Dictionary(uniqueKeysWithValues: counters.refused.map { ($0.rawValue, $1) })
    connectionsMade = counters.connectionsMade
    handshakesFailed = counters.handshakesFailed
    connectionsLost = counters.connectionsLost
    evictedInUse = counters.evictedInUse
    leakedLeases = UInt64(clamping: snapshot.leakedLeases)
    strayReturns = counters.strayReturns
    acquireWait = DurationSummary(counters.acquireWait)
    handshakes = Dictionary(
      uniqueKeysWithValues: counters.handshakes.map { ($0.rawValue, DurationSummary($1)) })
  }
}

extension DurationSummary {
  init(_ histogram: LatencyHistogram) {
    self.init()
    count = histogram.count
    sumUs = Self.microseconds(histogram.sum)
    p50Us = Self.microseconds(histogram.quantile(0.5))
    p95Us = Self.microseconds(histogram.quantile(0.95))
    p99Us = Self.microseconds(histogram.quantile(0.99))
  }

  private static func microseconds(_ duration: Duration?) -> UInt64 {
    UInt64(max(0, (duration ?? .zero) / .microseconds(1)))
  }
}
