import AgentAPI

/// How long a request waits that an agent turned away, where no other agent can be asked. A namespace.
enum ShedPause {
  static let least: Duration = .milliseconds(50)
  static let most: Duration = .seconds(2)

  /// - Parameters:
  ///   - sheds: how often it was turned away before.
  ///   - wish: the agent's; it is never undercut but by `spread`.
  ///   - spread: a factor near 1, so that not all come back at once.
  static func before(_ sheds: Int, wish: Duration, spread: Double) -> Duration {
    let grown = least * (1 << min(max(sheds, 0), 5))
    return max(wish, min(grown, most)) * spread
  }
}

extension AgentError {
  /// The agent had too much to do and did nothing of it.
  var isShed: Bool { code == .overloaded && scope == .agent && !mayHaveRun && retryAfter != nil }
}
