/// Seconds since 1970 as RFC 3339 in UTC: `2026-11-23T07:04:12Z`.
package enum UTCTime {
  package static func text(_ seconds: Int64) -> String {
    // Beyond these RFC 3339 has no spelling: years 0 to 9999.
    let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
    let days = bounded >= 0 ? bounded / 86_400 : (bounded - 86_399) / 86_400
    let second = bounded - days * 86_400
    let date = civil(days)
    var out = ""
    out.reserveCapacity(20)
    append(date.year, width: 4, to: &out)
    for (separator, number) in [
      ("-", date.month), ("-", date.day), ("T", second / 3600), (":", second / 60 % 60), (":", second % 60),
    ] {
      out += separator
      append(number, width: 2, to: &out)
    }
    return out + "Z"
  }

  private static func append(_ number: Int64, width: Int, to out: inout String) {
    let digits = String(number)
    for _ in 0..<max(0, width - digits.utf8.count) { out += "0" }
    out += digits
  }

  /// Source: H. Hinnant, "chrono-compatible low-level date algorithms", civil_from_days.
  private static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
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
