/// Names and numeric addresses in the one form that known_hosts files use.
enum HostAddress {
  /// A name in lower case; an IPv4 address as four decimal numbers; an IPv6 address as RFC 5952 writes it.
  static func canonical(_ text: String) -> String {
    if let ipv4 = ipv4(text) { return ipv4 }
    if text.contains(":"), let ipv6 = ipv6(text) { return ipv6 }
    // As ssh: what may be an address is not made lower case.
    if text.contains("%") || text.contains(":") { return text }
    return text.asciiLowercased()
  }

  /// inet_aton(3): one to four numbers, decimal, octal (0...) or hexadecimal (0x...), the last one fills what remains.
  private static func ipv4(_ text: String) -> String? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...4).contains(parts.count), text.utf8.first?.isDigit == true else { return nil }
    var address: UInt64 = 0
    for (index, part) in parts.enumerated() {
      guard let number = number(part) else { return nil }
      let isLast = index == parts.count - 1
      let bits = isLast ? 8 * (4 - index) : 8
      guard number < 1 << bits else { return nil }
      address = address << bits | number
    }
    return [24, 16, 8, 0].map { String(address >> $0 & 0xFF) }.joined(separator: ".")
  }

  private static func number(_ part: Substring) -> UInt64? {
    guard part.utf8.first?.isDigit == true else { return nil }
    if part.hasPrefix("0x") || part.hasPrefix("0X") { return UInt64(part.dropFirst(2), radix: 16) }
    return part.count > 1 && part.first == "0" ? UInt64(part, radix: 8) : UInt64(part)
  }

  /// nil for what is no address; a zone (`%eth0`) is kept.
  private static func ipv6(_ text: String) -> String? {
    let pieces = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    let zone = pieces.count == 2 ? "%" + pieces[1] : ""
    guard let address = pieces.first, let words = words(address) else { return nil }
    if words[..<5].allSatisfy({ $0 == 0 }), words[5] == 0xFFFF {
      return "::ffff:"
        + [words[6] >> 8, words[6] & 0xFF, words[7] >> 8, words[7] & 0xFF].map(String.init)
        .joined(separator: ".")
    }
    var gap = 0..<0
    var start = 0
    while start < 8 {
      let end = words[start...].firstIndex { $0 != 0 } ?? 8
      if end - start > max(gap.count, 1) { gap = start..<end }
      start = max(end, start) + 1
    }
    let hex = words.map { String($0, radix: 16) }
    if gap.isEmpty { return hex.joined(separator: ":") + zone }
    return hex[..<gap.lowerBound].joined(separator: ":") + "::" + hex[gap.upperBound...].joined(separator: ":") + zone
  }

  /// The eight words of an address; the last two may be written as IPv4.
  private static func words(_ text: Substring) -> [UInt16]? {
    guard let gap = text.firstRange(of: "::") else { return group(text).flatMap { $0.count == 8 ? $0 : nil } }
    guard let head = group(text[..<gap.lowerBound]), let tail = group(text[gap.upperBound...]),
      head.count + tail.count < 8
    else { return nil }
    return head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
  }

  private static func group(_ text: Substring) -> [UInt16]? {
    guard !text.isEmpty else { return [] }
    var words: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if index == parts.count - 1, part.contains(".") {
        let bytes = part.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4, let a = bytes[0], let b = bytes[1], let c = bytes[2], let d = bytes[3] else {
          return nil
        }
        words += [UInt16(a) << 8 | UInt16(b), UInt16(c) << 8 | UInt16(d)]
      } else {
        guard (1...4).contains(part.utf8.count), part.utf8.first != UInt8(ascii: "+"),
          let word = UInt16(part, radix: 16)
        else { return nil }
        words.append(word)
      }
    }
    return words
  }
}
