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

  /// Copies the runs between the bytes that need an escape; from an array, since slices of one are copied at once.
  private mutating func write(_ text: String) {
    let utf8 = Array(text.utf8)
    bytes.append(UInt8(ascii: "\""))
    var runStart = 0
    for index in utf8.indices {
      let byte = utf8[index]
      if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
      bytes.append(contentsOf: utf8[runStart..<index])
      writeEscape(of: byte)
      runStart = index + 1
    }
    bytes.append(contentsOf: utf8[runStart...])
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func writeEscape(of byte: UInt8) {
    bytes.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
    case 0x08: bytes.append(UInt8(ascii: "b"))
    case 0x09: bytes.append(UInt8(ascii: "t"))
    case 0x0A: bytes.append(UInt8(ascii: "n"))
    case 0x0C: bytes.append(UInt8(ascii: "f"))
    case 0x0D: bytes.append(UInt8(ascii: "r"))
    default:
      write(raw: byte < 0x10 ? "u000" : "u00")
      write(raw: String(byte, radix: 16))
    }
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
