import Routing
package import SSH
import Synchronization

/// How long connections to this segment's hosts take, and how long the next one may take by that.
///
/// Until 200 were made within half an hour, the bounds that the settings name stand. From then on TCP has `clamp(4 x RTO, 1 s, 5 s)`, key
/// exchange and authentication together `clamp(2 x p99.9, 3 s, 15 s)`, and never more than the settings say. A host whose connect
/// ran into a bound gets the settings' own until it is quick again, so that one that is slower than all others is not lost.
///
/// Sendable: state behind a lock; called from event loops and pool threads.
package final class ConnectPace: Sendable {
  fileprivate struct State {
    var tcp = RttEstimator()
    // Hosts are connected to a few times an hour: half a minute makes no quantile.
    var handshakes = LatencyWindow(slot: .seconds(600))
    private var normal: NormalLatency?
    private var refreshed: Timestamp?
    var slowHosts: Set<String> = []

    /// nil while too few are known. Looked up once a second at most.
    mutating func usual(now: Timestamp) -> NormalLatency? {
      if refreshed.map({ now.seconds(since: $0) >= 1 }) ?? true {
        refreshed = now
        handshakes.advance(now)
        normal = handshakes.quantiles([0.5, 0.95, 0.999]).map {
          NormalLatency(samples: handshakes.count, median: $0[0], hedgeQuantile: $0[1], extreme: $0[2])
        }
      }
      return normal.flatMap { $0.samples >= AttemptTimeout.samplesNeeded ? $0 : nil }
    }
  }

  /// Beyond so many slow hosts nobody is treated apart: the bounds of the settings stand for all.
  private static let slowHostLimit = 1024

  private let origin = ContinuousClock.now
  private let state = Mutex(State())

  package init() {}

  func connected(_ alias: String, _ timings: ConnectTimings, at now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      state.tcp.record(timings.tcp.inSeconds)
      let handshake = (timings.keyExchange + timings.authentication).inSeconds
      state.handshakes.record(handshake, now: timestamp(now))
      // Within the narrowest bounds that there are.
      if timings.tcp.inSeconds < ConnectTimeout.leastTCP, handshake < ConnectTimeout.leastHandshake {
        state.slowHosts.remove(alias)
      }
    }
  }

  func timedOut(_ alias: String) {
    state.withLock { state in
      if state.slowHosts.count <= Self.slowHostLimit { state.slowHosts.insert(alias) }
    }
  }

  func keep(_ aliases: Set<String>) {
    state.withLock { $0.slowHosts.formIntersection(aliases) }
  }

  /// What a connect to `alias` is granted; without a name, one to a host of which nothing is known.
  package func bounds(
    _ settings: SSHConnectionSettings, of alias: String? = nil, at now: ContinuousClock.Instant = .now
  ) -> SSHConnectionSettings {
    let now = timestamp(now)
    return state.withLock { state in
      let isSlow = alias.map(state.slowHosts.contains) ?? false
      guard !isSlow, state.slowHosts.count <= Self.slowHostLimit, let normal = state.usual(now: now) else {
        return settings
      }
      var settings = settings
      let handshake = Duration.seconds(ConnectTimeout.handshake(normal))
      settings.tcpTimeout = min(settings.tcpTimeout, .seconds(ConnectTimeout.tcp(state.tcp)))
      settings.keyExchangeTimeout = min(settings.keyExchangeTimeout, handshake)
      settings.authenticationTimeout = min(settings.authenticationTimeout, handshake)
      settings.handshakeTimeout = handshake
      return settings
    }
  }

  private func timestamp(_ instant: ContinuousClock.Instant) -> Timestamp {
    Timestamp(origin.duration(to: instant))
  }
}
