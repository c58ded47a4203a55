/// Request ids for calls that bring none: 64 random bits in hexadecimal. A namespace.
enum RequestID {
  static func make() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - digits.utf8.count) + digits
  }
}
