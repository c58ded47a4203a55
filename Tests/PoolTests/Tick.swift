/// A virtual clock's instant: nanoseconds since the test began.
struct Tick: InstantProtocol {
  var nanoseconds: Int64

  init(_ nanoseconds: Int64 = 0) { self.nanoseconds = nanoseconds }

  func advanced(by duration: Duration) -> Tick {
    let (seconds, attoseconds) = duration.components
    return Tick(nanoseconds + seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }

  func duration(to other: Tick) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }

  static func < (a: Tick, b: Tick) -> Bool { a.nanoseconds < b.nanoseconds }
}
