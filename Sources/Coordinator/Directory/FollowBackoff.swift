/// How long to wait before an agent is followed again: from 0.2 s doubling to 1 s, less up to half of it at random. A value.
///
/// The link below has its own, slower pace for connecting. This one only keeps a failing Watch from spinning, and is short, since an
/// agent that is back counts as away until it is followed again.
struct FollowBackoff {
  private var ceiling: Duration = .milliseconds(200)

  mutating func next() -> Duration {
    defer { ceiling = min(ceiling * 2, .seconds(1)) }
    return ceiling * Double.random(in: 0.5...1)
  }
}
