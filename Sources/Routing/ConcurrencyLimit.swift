/// How many requests an agent works on at once, found from their latency. A value.
///
/// Grows while recent latency stays near the long-term one, shrinks in proportion when it rises: Gradient2 of Netflix's
/// concurrency-limits. Fed with SFTP-class latencies, without the making of connections: a handshake says nothing about
/// load.
package struct ConcurrencyLimit: Sendable, Hashable {
  /// A rise of latency that is tolerated before the limit shrinks.
  private static let tolerance = 1.5
  /// What the limit may grow by for each sample.
  private static let headroom = 4.0
  private static let smoothing = 0.2
  private static let longWindow = 600.0

  private let least: Double
  private let most: Double
  private var limit: Double
  private var long = 0.0
  private var samples = 0.0

  package init(initial: Int = 32, least: Int = 8, most: Int = 256) {
    self.least = Double(least)
    self.most = Double(most)
    limit = Double(initial)
  }

  package var current: Int { Int(limit) }

  /// - Parameter seconds: what one request took.
  /// - Parameter inFlight: requests that were worked on with it.
  package mutating func record(_ seconds: Double, inFlight: Int) {
    guard seconds > 0 else { return }
    samples = min(samples + 1, Self.longWindow)
    long += (seconds - long) * max(1 / samples, 2 / (Self.longWindow + 1))
    // Back from a long time of load, the old average must not hold the limit up.
    if long / seconds > 2 { long *= 0.95 }
    // A limit that is not used is not tested.
    guard Double(inFlight) >= limit / 2 else { return }
    let gradient = max(0.5, min(1, Self.tolerance * long / seconds))
    let wish = limit * gradient + Self.headroom
    limit = min(most, max(least, limit * (1 - Self.smoothing) + wish * Self.smoothing))
  }
}
