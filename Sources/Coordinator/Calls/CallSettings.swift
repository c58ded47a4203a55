/// The bounds of every call. A value.
package struct CallSettings: Sendable, Hashable {
  /// For the whole call where the client does not say (SCOUT_COMMAND_TIMEOUT).
  package var timeout: Duration = .seconds(30)
  /// What a client may ask for. Most clients give up after 60 s; those that watch progress wait longer.
  package var timeoutBounds: ClosedRange<Duration> = .milliseconds(100) ... .seconds(600)
  /// Hosts that one call may mean.
  package var hostLimit = 2000
  /// Hosts that one call asks at once. A call over more is one of many steps: where agents have too much to do, it waits behind
  /// those that somebody has an answer to in one.
  package var width = 128
  /// Hosts asked at once by all calls.
  package var concurrency = 512
  /// Bytes of one file in one answer, at most (SCOUT_MAX_FILE_SIZE).
  package var fileLimit = 1_048_576
  /// Bytes of content in one answer where the client does not ask for more: about what clients show (25k tokens).
  package var answerLimit = 98_304
  /// Bytes of one call's distinct answers held in memory.
  package var memoryLimit = 16_777_216
  /// Entries of one listing, unless the client says, and at most.
  package var entries = 1000
  package var entryLimit = 10_000
  /// Entries of all listings of one call, where that leaves each at least `entries`.
  package var entriesOfCall = 200_000

  package init() {}

  /// The agent is asked to end a little before the call does, so that its own answer (which phase, whether a command's end
  /// was confirmed) is in time.
  func agentDeadline(start: ContinuousClock.Instant, timeout: Duration) -> ContinuousClock.Instant {
    start + timeout - min(timeout / 10, .milliseconds(100))
  }
}
