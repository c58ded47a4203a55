/// Writes JSON without blanks, keys sorted, so that equal values have equal bytes. A value.
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

  private mutating func write(_ members: JSONObject) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for (key, value) in members {
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
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { utf8 in
      let text = UnsafeRawBufferPointer(utf8)
      var rest = 0
      while rest < text.count {
        rest = copy(text, from: rest)
        guard rest < text.count else { break }
        writeEscape(of: text[rest])
        rest += 1
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Copies up to the next byte that needs an escape, and returns where that is.
  private mutating func copy(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    bytes.append(addingCapacity: text.count - start + 8) { room in
      room.withUnsafeMutableBufferPointer { room, count in
        let target = UnsafeMutableRawBufferPointer(room)
        while index + 8 <= text.count {
          let word = text.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          target.storeBytes(of: word, toByteOffset: count, as: UInt64.self)
          let found = EightBytes(word: UInt64(littleEndian: word)).firstEscape
          index += found
          count += found
          if found < 8 { return }
        }
        while index < text.count, !Self.needsEscape(text[index]) {
          target[count] = text[index]
          index += 1
          count += 1
        }
      }
    }
    return index
  }

  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
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

extension EightBytes {
  /// How many bytes stand before the first that JSON escapes; 8 where there is none.
  fileprivate var firstEscape: Int {
    // A borrow spoils only what stands above a byte that was found, and bytes beyond ASCII are none of these.
    let controls = word &- Self.all(0x20)
    let quotes = (word ^ Self.all(UInt8(ascii: "\""))) &- Self.all(1)
    let backslashes = (word ^ Self.all(UInt8(ascii: "\\"))) &- Self.all(1)
    return ((controls | quotes | backslashes) & ~word & Self.all(0x80)).trailingZeroBitCount / 8
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
