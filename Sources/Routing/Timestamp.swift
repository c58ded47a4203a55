/// An instant as whole nanoseconds since an origin that its user chose once. A value of 8 bytes.
///
/// `Duration` counts attoseconds in 128 bits; routing compares instants several times for each choice and keeps one per
/// attempt, so it counts in 64.
package struct Timestamp: InstantProtocol {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The instant `time` after the origin.
  package init(_ time: Duration) {
    nanoseconds = time.wholeNanoseconds
  }

  package static let zero = Timestamp(nanoseconds: 0)

  package func advanced(by duration: Duration) -> Timestamp {
    Timestamp(nanoseconds: nanoseconds &+ duration.wholeNanoseconds)
  }

  package func duration(to other: Timestamp) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }

  /// Seconds from `earlier` to this instant; never negative.
  package func seconds(since earlier: Timestamp) -> Double {
    Double(max(0, nanoseconds - earlier.nanoseconds)) * 1e-9
  }

  /// At most a hundred years: an instant that will not come.
  package func advanced(bySeconds seconds: Double) -> Timestamp {
    Timestamp(nanoseconds: nanoseconds &+ Int64((min(max(seconds, -3e9), 3e9) * 1e9).rounded()))
  }
}

extension Duration {
  /// Rounded down; durations beyond 292 years do not occur.
  package var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
  }

  package var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
