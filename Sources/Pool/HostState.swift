/// Whether connections to a host can be made. A value.
package enum HostState<Instant: InstantProtocol>: Sendable {
  /// The last attempt, if there was any, succeeded.
  /// Can transition to: connectionCreationFailing, circuitOpen.
  case running
  /// One attempt at a time, with growing pauses; requests wait for the next one.
  /// Can transition to: running, circuitOpen.
  case connectionCreationFailing(HostFailures<Instant>)
  /// Requests are answered at once with the last error. From `retryAt` on, the next request causes one attempt.
  /// Can transition to: running.
  case circuitOpen(HostFailures<Instant>)

  package var failures: HostFailures<Instant>? {
    switch self {
    case .running: nil
    case .connectionCreationFailing(let failures), .circuitOpen(let failures): failures
    }
  }
}

/// Attempts that failed in a row. A value.
package struct HostFailures<Instant: InstantProtocol>: Sendable {
  package var count: Int
  /// How many of them in a row, up to the last, were refusals of the user.
  package var authentication: Int
  /// When the first of them began.
  package var since: Instant
  package var last: ConnectFailure
  package var lastAt: Instant
  /// No attempt before.
  package var retryAt: Instant
}

extension HostState where Instant.Duration == Duration {
  /// The state after one more failure: whether the requests that wait shall go on waiting, and until when.
  func failing(
    _ failure: ConnectFailure, began: Instant, now: Instant, settings: PoolSettings, random: inout SplitMix64
  ) -> HostState {
    var failures =
      self.failures
      ?? HostFailures(count: 0, authentication: 0, since: began, last: failure, lastAt: now, retryAt: now)
    failures.count += 1
    failures.authentication = failure.kind == .authentication ? failures.authentication + 1 : 0
    failures.last = failure
    failures.lastAt = now
    failures.retryAt = now.advanced(by: pause(for: failures, settings: settings, random: &random))
    switch failure.kind {
    case .authentication, .permanent:
      return .circuitOpen(failures)
    case .transient:
      if case .circuitOpen = self { return .circuitOpen(failures) }
      let opens =
        failures.count >= settings.failuresBeforeOpen
        || failures.since.duration(to: now) >= settings.failingBeforeOpen
      return opens ? .circuitOpen(failures) : .connectionCreationFailing(failures)
    }
  }

  private func pause(
    for failures: HostFailures<Instant>, settings: PoolSettings, random: inout SplitMix64
  ) -> Duration {
    let beyond = failures.authentication - settings.authenticationFailuresBeforePause
    return beyond >= 0
      ? settings.authenticationPause.pause(after: beyond + 1, random: &random)
      : settings.backoff.pause(after: failures.count, random: &random)
  }
}
