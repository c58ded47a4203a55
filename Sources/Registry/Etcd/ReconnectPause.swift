/// How long to wait before the next endpoint is tried: none at first, then growing to the longest, half of each by
/// chance, so that coordinators do not come all at once. A value.
struct ReconnectPause: Sendable {
  private let longest: Duration
  private var ceiling: Duration

  static let shortest: Duration = .milliseconds(20)

  init(longest: Duration) {
    self.longest = longest
    ceiling = min(Self.shortest, longest)
  }

  /// The pause after another failure. `chance` is 0 to 1.
  mutating func failed(chance: Double) -> Duration {
    defer { ceiling = min(ceiling * 2, longest) }
    return ceiling * (0.5 + chance / 2)
  }

  mutating func succeeded() {
    ceiling = min(Self.shortest, longest)
  }
}
