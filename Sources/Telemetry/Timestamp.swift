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

  /// As HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. For instants since 1970. Source: RFC 9110 section 5.6.7.
  package var httpDate: String {
    let days = seconds / 86_400
    let date = Self.civil(days: days)
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    var clock = Digits()
    clock.addClock(nil, seconds - days * 86_400)
    return "\(weekday), \(date.day < 10 ? "0" : "")\(date.day) \(months[date.month - 1]) \(date.year) \(clock.text) GMT"
  }

  package var description: String {
    var digits = rfc3339
    digits.add(".", milliseconds, width: 3)
    return digits.text + "Z"
  }

  /// RFC 3339 without the milliseconds.
  package var wholeSeconds: String { rfc3339.text + "Z" }

  /// Beyond the years 0 to 9999 the nearest instant that has a spelling.
  private var rfc3339: Digits {
    let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
    let days = bounded >= 0 ? bounded / 86_400 : (bounded - 86_399) / 86_400
    let date = Self.civil(days: days)
    var digits = Digits()
    digits.add(nil, date.year, width: 4)
    digits.add("-", date.month, width: 2)
    digits.add("-", date.day, width: 2)
    digits.addClock("T", bounded - days * 86_400)
    return digits
  }

  /// The Gregorian date `days` after 1970-01-01. Source: H. Hinnant, "chrono-compatible low-level date algorithms",
  /// civil_from_days.
  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }
}

/// Numbers of known width, one behind the other: each line of the log and each file's time passes here. A value.
private struct Digits {
  private var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(24) }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// - Parameter number: not negative, of at most `width` digits.
  mutating func add(_ separator: Unicode.Scalar?, _ number: Int, width: Int) {
    if let separator { bytes.append(UInt8(ascii: separator)) }
    var unit = 1
    for _ in 1..<width { unit *= 10 }
    while unit > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
      unit /= 10
    }
  }

  /// - Parameter second: of the day.
  mutating func addClock(_ separator: Unicode.Scalar?, _ second: Int) {
    add(separator, second / 3600, width: 2)
    add(":", second / 60 % 60, width: 2)
    add(":", second % 60, width: 2)
  }
}
