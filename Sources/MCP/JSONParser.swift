/// Reads one JSON text (RFC 8259) from bytes, strictly: no comments, no trailing commas, no byte order mark, no duplicate
/// keys, no invalid UTF-8, no lone surrogate escapes. A value.
///
/// Written by hand since FoundationEssentials' decoder into an enum tries each case of each value in turn: a tools/call of
/// 296 bytes takes it 43 us and this 3.5 us, an answer of 4 KiB 51 us and 8 us. Depth is bounded, since reading recurses.
package struct JSONParser {
  package struct Bounds: Sendable, Hashable {
    /// In bytes, of the whole text.
    package var size: Int
    /// Arrays and objects inside each other; 1 admits `[]`.
    package var depth: Int

    package init(size: Int = 4 << 20, depth: Int = 64) {
      self.size = size
      self.depth = depth
    }
  }

  private let bytes: [UInt8]
  private let end: Int
  private let maximumDepth: Int
  private var position = 0
  private var depth = 0

  private init(_ bytes: [UInt8], maximumDepth: Int) {
    self.bytes = bytes
    self.end = bytes.count
    self.maximumDepth = maximumDepth
  }

  /// The value that `bytes` spell, all of them but surrounding blanks.
  package static func parse(_ bytes: [UInt8], bounds: Bounds = Bounds()) throws(JSONError) -> JSON {
    guard bytes.count <= bounds.size else {
      throw JSONError(code: .tooLarge, message: "more than \(bounds.size) bytes", offset: bounds.size)
    }
    var parser = JSONParser(bytes, maximumDepth: bounds.depth)
    let value = try parser.value()
    parser.skipBlanks()
    guard parser.position == parser.end else { throw parser.unexpected("the end of the text") }
    return value
  }

  private mutating func value() throws(JSONError) -> JSON {
    skipBlanks()
    guard position < end else { throw unexpected("a value") }
    switch bytes[position] {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return .object(try object())
    case UInt8(ascii: "["): return .array(try array())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw unexpected("a value")
    }
  }

  private mutating func object() throws(JSONError) -> JSONObject {
    try enter()
    defer { depth -= 1 }
    var members: [JSONObject.Member] = []
    skipBlanks()
    if take(UInt8(ascii: "}")) { return JSONObject() }
    while true {
      skipBlanks()
      guard position < end, bytes[position] == UInt8(ascii: "\"") else { throw unexpected("a key") }
      let key = try string()
      skipBlanks()
      guard take(UInt8(ascii: ":")) else { throw unexpected("':'") }
      members.append((key, try value()))
      skipBlanks()
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "}")) {
        do {
          return try JSONObject(distinct: members)
        } catch {
          throw JSONError(
            code: .duplicateKey, message: "the key \"\(error.key.prefix(64))\" appears twice in an object",
            offset: position - 1)
        }
      }
      throw unexpected("',' or '}'")
    }
  }

  private mutating func array() throws(JSONError) -> [JSON] {
    try enter()
    defer { depth -= 1 }
    var elements: [JSON] = []
    skipBlanks()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      elements.append(try value())
      skipBlanks()
      if take(UInt8(ascii: ",")) { continue }
      if take(UInt8(ascii: "]")) { return elements }
      throw unexpected("',' or ']'")
    }
  }

  private mutating func enter() throws(JSONError) {
    guard depth < maximumDepth else {
      throw JSONError(code: .tooDeep, message: "nested deeper than \(maximumDepth)", offset: position)
    }
    depth += 1
    position += 1
  }

  private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
    let start = position
    for expected in word.description.utf8 {
      guard take(expected) else {
        position = start
        throw unexpected("a value")
      }
    }
    return value
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    if try skipPlainText() == UInt8(ascii: "\"") { return try text(bytes[start..<position - 1]) }
    var unescaped = Array(bytes[start..<position - 1])
    while true {
      try escape(into: &unescaped)
      let start = position
      let stop = try skipPlainText()
      unescaped.append(contentsOf: bytes[start..<position - 1])
      if stop == UInt8(ascii: "\"") { return try text(unescaped[...]) }
    }
  }

  /// Goes past the next quote or backslash of a string and says which it was.
  private mutating func skipPlainText() throws(JSONError) -> UInt8 {
    let bytes = bytes
    let span = bytes.span
    var index = position
    while index < span.count {
      let byte = span[index]
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        position = index + 1
        return byte
      }
      guard byte >= 0x20 else {
        position = index
        throw unexpected("no control character in a string")
      }
      index += 1
    }
    position = index
    throw unexpected("'\"'")
  }

  private mutating func escape(into unescaped: inout [UInt8]) throws(JSONError) {
    guard position < end else { throw unexpected("an escape") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"): unescaped.append(contentsOf: Character(try scalar()).utf8)
    default:
      position -= 1
      throw unexpected("an escape")
    }
  }

  /// One `\u` escape, or two that are a surrogate pair; the first `\u` is behind us.
  private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
    let start = position - 2
    let first = try hexadecimalUnit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if UTF16.isLeadSurrogate(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
      let second = try hexadecimalUnit()
      if UTF16.isTrailSurrogate(second) { return UTF16.decode(UTF16.EncodedScalar([first, second])) }
    }
    throw JSONError(code: .invalidText, message: "half of a surrogate pair", offset: start)
  }

  private mutating func hexadecimalUnit() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < end, let digit = Hexadecimal.value(of: bytes[position]) else {
        throw unexpected("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func number() throws(JSONError) -> JSON {
    let start = position
    let isNegative = take(UInt8(ascii: "-"))
    let digits = position
    skipDigits()
    guard position > digits, position - digits == 1 || bytes[digits] != UInt8(ascii: "0") else {
      position = digits
      throw unexpected("a number")
    }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      try requireDigits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isWhole = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try requireDigits()
    }
    let spelled = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int64(spelled), !(value == 0 && isNegative) { return .int(value) }
    guard let value = Double(spelled), value.isFinite else {
      throw JSONError(code: .numberOutOfRange, message: "a number too large", offset: start)
    }
    return .double(value)
  }

  private mutating func requireDigits() throws(JSONError) {
    let start = position
    skipDigits()
    guard position > start else { throw unexpected("a digit") }
  }

  private mutating func skipDigits() {
    while position < end, bytes[position] >= UInt8(ascii: "0"), bytes[position] <= UInt8(ascii: "9") { position += 1 }
  }

  private mutating func skipBlanks() {
    while position < end {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
      default: return
      }
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard position < end, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws(JSONError) -> String {
    // Nearly all are ASCII, and decoding that is a copy.
    if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw JSONError(code: .invalidText, message: "a string that is not UTF-8", offset: position)
    }
    return text
  }

  private func unexpected(_ expected: String) -> JSONError {
    JSONError(code: .syntax, message: "expected \(expected)", offset: position)
  }
}

enum Hexadecimal {
  /// The lower-case ASCII digit for four bits.
  static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }

  /// The four bits that an ASCII digit stands for.
  static func value(of byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
