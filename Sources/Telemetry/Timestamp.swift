#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An instant of the wall clock, written as RFC 3339 in UTC with milliseconds. A value.
package struct Timestamp: Sendable, Hashable, CustomStringConvertible {
  /// Since 1970-01-01T00:00:00Z, without leap seconds.
  package let seconds: Int
  package let milliseconds: Int

  package init(seconds: Int, milliseconds: Int = 0) {
    self.seconds = seconds
    self.milliseconds = milliseconds
  }

  package static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int(time.tv_sec), milliseconds: Int(time.tv_nsec) / 1_000_000)
  }

  /// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110 section 5.6.7.
  package var httpDate: String {
    let days = seconds / 86_400
    let second = seconds % 86_400
    let date = Self.civil(days: days)
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let clock = "\(Self.pad(second / 3600)):\(Self.pad(second / 60 % 60)):\(Self.pad(second % 60))"
    return "\(weekday), \(Self.pad(date.day)) \(months[date.month - 1]) \(date.year) \(clock) GMT"
  }

  package var description: String {
    let days = seconds / 86_400
    let second = seconds % 86_400
    let date = Self.civil(days: days)
    let clock = "\(Self.pad(second / 3600)):\(Self.pad(second / 60 % 60)):\(Self.pad(second % 60))"
    return "\(date.year)-\(Self.pad(date.month))-\(Self.pad(date.day))T\(clock).\(Self.pad(milliseconds, 3))Z"
  }

  /// The Gregorian date `days` after 1970-01-01, for dates from then on. Source: H. Hinnant, "chrono-compatible
  /// low-level date algorithms", civil_from_days.
  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  private static func pad(_ number: Int, _ width: Int = 2) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
