/// Writes JSON without blanks, keys sorted. A value.
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
      while rest < text.count { rest = copy(text, from: rest) }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Copies a part of the text, escapes in their places, and returns where it ends: whole files pass here, so bytes are looked at
  /// and copied eight at a time, into room that is made for many.
  private mutating func copy(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
    let wanted = text.count - start
    var read = start
    bytes.append(addingCapacity: wanted + wanted / 8 + 16) { room in
      room.withUnsafeMutableBufferPointer { room, count in
        let target = UnsafeMutableRawBufferPointer(room)
        var (from, to) = (start, 0)
        let (lastWord, lastRoom) = (text.count - 8, target.count - 16)
        // A word and an escape have fourteen bytes at most.
        while from < text.count, to <= lastRoom {
          if from <= lastWord {
            let word = text.loadUnaligned(fromByteOffset: from, as: UInt64.self)
            target.storeBytes(of: word, toByteOffset: to, as: UInt64.self)
            let plain = EightBytes(word: UInt64(littleEndian: word)).bytesBeforeEscape
            from &+= plain
            to &+= plain
            if plain == 8 { continue }
          }
          to &+= Self.write(text[from], to: target, at: to)
          from &+= 1
        }
        (read, count) = (from, to)
      }
    }
    return read
  }

  /// One byte, escaped where it must be. Returns how many bytes that took.
  private static func write(_ byte: UInt8, to target: UnsafeMutableRawBufferPointer, at place: Int) -> Int {
    let letter: UInt8
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
    case 0x08: letter = UInt8(ascii: "b")
    case 0x09: letter = UInt8(ascii: "t")
    case 0x0A: letter = UInt8(ascii: "n")
    case 0x0C: letter = UInt8(ascii: "f")
    case 0x0D: letter = UInt8(ascii: "r")
    case 0..<0x20:
      let digits = (UInt8(ascii: "0") + byte >> 4, Hexadecimal.digit(byte & 0x0F))
      for (offset, letter) in "\\u00".utf8.enumerated() { target[place + offset] = letter }
      target[place + 4] = digits.0
      target[place + 5] = digits.1
      return 6
    default:
      target[place] = byte
      return 1
    }
    target[place] = UInt8(ascii: "\\")
    target[place + 1] = letter
    return 2
  }
}

extension EightBytes {
  /// How many bytes stand before the first that JSON escapes; 8 where there is none.
  fileprivate var bytesBeforeEscape: Int {
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
