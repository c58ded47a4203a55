/// `grpc-timeout`: at most eight digits and a unit. Source: grpc/doc/PROTOCOL-HTTP2.md, Timeout.
enum RPCTimeout {
  /// In the finest unit that eight digits allow, rounded up; what is past already is one nanosecond.
  static func format(_ timeout: Duration) -> String {
    let (seconds, attoseconds) = timeout.components
    guard seconds >= 0, attoseconds >= 0, timeout > .zero else { return "1n" }
    let limit: Int64 = 99_999_999
    let nanoseconds = attoseconds / 1_000_000_000
    // The products stay far inside Int64: `seconds` is bounded first.
    if seconds == 0, nanoseconds <= limit { return "\(max(nanoseconds, 1))n" }
    if seconds < 100 {
      let microseconds = seconds * 1_000_000 + (nanoseconds + 999) / 1_000
      if microseconds <= limit { return "\(microseconds)u" }
    }
    if seconds < 100_000 {
      let milliseconds = seconds * 1_000 + (nanoseconds + 999_999) / 1_000_000
      if milliseconds <= limit { return "\(milliseconds)m" }
    }
    if seconds < limit { return "\(nanoseconds > 0 ? seconds + 1 : seconds)S" }
    return "\(min((seconds - 1) / 3_600 + 1, limit))H"
  }

  /// Nil for anything else than one to eight digits and a unit.
  static func parse(_ text: String) -> Duration? {
    var digits = Substring(text)
    guard let unit = digits.popLast(), (1...8).contains(digits.utf8.count),
      digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let count = Int64(digits)
    else { return nil }
    return switch unit {
    case "n": .nanoseconds(count)
    case "u": .microseconds(count)
    case "m": .milliseconds(count)
    case "S": .seconds(count)
    case "M": .seconds(count * 60)
    case "H": .seconds(count * 3_600)
    default: nil
    }
  }
}
