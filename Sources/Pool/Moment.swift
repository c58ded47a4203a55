/// An instant as the time since an origin that its user chose once. A value of fixed layout.
///
/// `ContinuousClock.Instant` would do, but its layout is hidden in a library that may change: everything that contains
/// one is copied by way of a table of functions, which makes a warm lease several times slower.
package struct Moment: InstantProtocol {
  package let offset: Duration

  package init(_ offset: Duration) {
    self.offset = offset
  }

  package func advanced(by duration: Duration) -> Moment { Moment(offset + duration) }
  package func duration(to other: Moment) -> Duration { other.offset - offset }
  package static func < (left: Moment, right: Moment) -> Bool { left.offset < right.offset }
}
