import Testing

@testable import Routing

/// Instants of routing.
@Suite struct TimestampTests {
  /// What agents say of their times ends up in them.
  @Test(arguments: [Double.infinity, 1e30, -1e30, 9.3e18])
  func whatIsBeyondAllTimeIsFarAway(_ seconds: Double) {
    let far = Timestamp.zero.advanced(bySeconds: seconds)
    #expect(far == Timestamp.zero.advanced(bySeconds: seconds > 0 ? 3e9 : -3e9))
  }
}
