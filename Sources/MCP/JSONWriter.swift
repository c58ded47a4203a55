/// Writes JSON without blanks, keys sorted by their UTF-8, so that equal values have equal bytes. A value.
///
/// Only what must be escaped is (`"`, `\`, controls), so the text holds no line break and fits one line of stdio or one
/// `data:` field. A double that is not finite becomes null: JSON has no word for it.
package struct JSONWriter {
  package private(set) var bytes: [UInt8] = []

  package init(reserving capacity: Int = 512) { bytes.reserveCapacity(capacity) }

  package mutating func write(_ value: JSON) {
    switch value {
    case .null: write(raw: "null")
    case .bool(let value): write(raw: value ? "true" : "false")
    case .int(let value): write(raw: value.description)
    case .double(let value): write(raw: value.isFinite ? value.description : "null")
    case .string(let value): write(value)
    case .array(let elements): write(elements)
    case .object(let members): write(members)
    }
  }

  private mutating func write(_ elements: [JSON]) {
    bytes.append(UInt8(ascii: "["))
    var isFirst = true
    for element in elements {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      write(element)
    }
    bytes.append(UInt8(ascii: "]"))
  }

  private mutating func write(_ members: [String: JSON]) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      if !isFirst { bytes.append(UInt8(ascii: ",")) }
      isFirst = false
      write(key)
      bytes.append(UInt8(ascii: ":"))
      write(value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func write(raw text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func write(_ text: String) {
    var text = text
    makeRoom(for: text.utf8.count)
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { write(escaping: $0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Once for the whole text and some escapes, instead of for each run in turn.
  private mutating func makeRoom(for count: Int) {
    let wanted = bytes.count + count + count / 8 + 2
    if wanted > bytes.capacity { bytes.reserveCapacity(max(wanted, 2 * bytes.capacity)) }
  }

  /// Copies the runs between the bytes that need an escape.
  private mutating func write(escaping utf8: UnsafeBufferPointer<UInt8>) {
    func needsEscape(_ bytes: EightBytes) -> UInt64 {
      bytes.below(0x20) | bytes.equal(to: UInt8(ascii: "\"")) | bytes.equal(to: UInt8(ascii: "\\"))
    }
    var runStart = 0
    while let index = utf8.firstIndex(from: runStart, where: needsEscape) {
      bytes.append(contentsOf: utf8[runStart..<index])
      writeEscape(of: utf8[index])
      runStart = index + 1
    }
    bytes.append(contentsOf: utf8[runStart...])
  }

  private mutating func writeEscape(of byte: UInt8) {
    let letter: UInt8
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
    case 0x08: letter = UInt8(ascii: "b")
    case 0x09: letter = UInt8(ascii: "t")
    case 0x0A: letter = UInt8(ascii: "n")
    case 0x0C: letter = UInt8(ascii: "f")
    case 0x0D: letter = UInt8(ascii: "r")
    default:
      write(raw: byte < 0x10 ? "\\u000" : "\\u00")
      write(raw: String(byte, radix: 16))
      return
    }
    bytes.append(UInt8(ascii: "\\"))
    bytes.append(letter)
  }
}

extension JSON {
  /// The value as UTF-8 without blanks, keys sorted.
  package func serialized() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }

  package init(parsing bytes: [UInt8], bounds: JSONParser.Bounds = .init()) throws(JSONError) {
    self = try JSONParser.parse(bytes, bounds: bounds)
  }
}
