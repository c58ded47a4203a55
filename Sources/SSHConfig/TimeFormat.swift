/// Times of ssh_config(5), sshd_config(5) TIME FORMATS.
enum TimeFormat {
  /// Seconds: `90`, `1m30`, `1h 30m` without the blank; units s, m, h, d and w in either case. nil when malformed.
  static func seconds(_ text: String) -> Int? {
    var total: Int32 = 0
    var number: Int32?
    var digits = text.utf8[...]
    if digits.first == UInt8(ascii: "+") { digits.removeFirst() }
    guard !digits.isEmpty else { return nil }
    func add(_ value: Int32, times unit: Int32) -> Bool {
      let (product, isTooMuch) = value.multipliedReportingOverflow(by: unit)
      let (sum, isOver) = total.addingReportingOverflow(product)
      total = sum
      return !isTooMuch && !isOver
    }
    for byte in digits {
      if byte.isDigit {
        let (shifted, isTooMuch) = (number ?? 0).multipliedReportingOverflow(by: 10)
        let (sum, isOver) = shifted.addingReportingOverflow(Int32(byte - UInt8(ascii: "0")))
        guard !isTooMuch, !isOver else { return nil }
        number = sum
      } else {
        guard let value = number, let unit = unit(byte), add(value, times: unit) else { return nil }
        number = nil
      }
    }
    if let value = number, !add(value, times: 1) { return nil }
    return Int(total)
  }

  private static func unit(_ byte: UInt8) -> Int32? {
    switch byte | 0x20 {
    case UInt8(ascii: "s"): 1
    case UInt8(ascii: "m"): 60
    case UInt8(ascii: "h"): 3600
    case UInt8(ascii: "d"): 86400
    case UInt8(ascii: "w"): 604_800
    default: nil
    }
  }
}
