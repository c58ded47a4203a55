import FoundationEssentials

/// Instants as certificates and files hold them: whole seconds since 1970. Holds no state.
enum Instant {
  /// Up to the end of the year 9998: what a certificate can express, with room for the longest life.
  static let range = 0.0...253_370_764_799

  /// The second that `date` lies in.
  ///
  /// - Throws: `invalidTime` outside `range`; the arithmetic after it cannot trap.
  static func floor(_ date: Date) throws(EnrollmentError) -> Int64 {
    Int64(try seconds(date).rounded(.down))
  }

  /// The first whole second that is not before `date`.
  static func ceiling(_ date: Date) throws(EnrollmentError) -> Int64 {
    Int64(try seconds(date).rounded(.up))
  }

  static func date(_ seconds: Int64) -> Date {
    Date(timeIntervalSince1970: Double(seconds))
  }

  private static func seconds(_ date: Date) throws(EnrollmentError) -> Double {
    let seconds = date.timeIntervalSince1970
    guard range.contains(seconds) else { throw EnrollmentError(.invalidTime, "The time is not between 1970 and 9998") }
    return seconds
  }
}
