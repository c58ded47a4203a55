/// Which host is to be looked at next, when nothing else has shown lately how it is. A value; one method per question.
///
/// At most one check starts in each `pace`. A host is due when the last contact with it, or the last check, is `interval`
/// ago; one that was never contacted is due at once after `patience`, so that an agent that starts does not begin with a
/// storm. The host that waits longest goes first.
struct CheckPlan: Sendable {
  /// Two a second at most.
  static let pace: Duration = .milliseconds(500)

  let interval: Duration
  /// From the agent's start to its first check.
  let patience: Duration
  private let start: ContinuousClock.Instant
  private var checked: [String: ContinuousClock.Instant] = [:]

  init(interval: Duration, patience: Duration, start: ContinuousClock.Instant) {
    self.interval = interval
    self.patience = patience
    self.start = start
  }

  /// The host to check now, or nil. Takes time with the number of hosts.
  /// - Parameter lastContact: with each host, nil: never.
  func next(
    among aliases: [String], at now: ContinuousClock.Instant, lastContact: (String) -> ContinuousClock.Instant?
  ) -> String? {
    guard now - start >= patience else { return nil }
    var longest: (alias: String, since: ContinuousClock.Instant)?
    for alias in aliases {
      let contact = [lastContact(alias), checked[alias]].compactMap { $0 }.max()
      if let contact, now - contact < interval { continue }
      let since = contact ?? start - interval
      if longest.map({ since < $0.since }) ?? true { longest = (alias, since) }
    }
    return longest?.alias
  }

  mutating func checked(_ alias: String, at now: ContinuousClock.Instant) {
    checked[alias] = now
  }

  /// Forgets hosts that are not served any more.
  mutating func keep(_ aliases: Set<String>) {
    checked = checked.filter { aliases.contains($0.key) }
  }
}
