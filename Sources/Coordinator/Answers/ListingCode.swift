import AgentAPI
import FoundationEssentials

/// Entries as bytes and back, so that equal listings are equal bytes in a `ContentTrie`. Modification times are left out.
enum ListingCode {
  static func encode(_ entries: [Entry]) -> Data {
    var bytes = Data(capacity: entries.count * 48)
    for entry in entries {
      bytes.append(UInt8(truncatingIfNeeded: entry.type.rawValue))
      append(UInt64(bitPattern: entry.size), width: 8, to: &bytes)
      append(UInt64(entry.mode), width: 4, to: &bytes)
      for field in [entry.name, entry.linkTarget, Data(entry.errorCode.utf8)] {
        append(UInt64(field.count), width: 4, to: &bytes)
        bytes.append(field)
      }
    }
    return bytes
  }

  /// At most `limit` whole entries; what follows a cut is left.
  static func decode(_ bytes: Data, limit: Int) -> [Entry] {
    var reader = Reader(rest: bytes)
    var entries: [Entry] = []
    while entries.count < limit, let entry = reader.entry() { entries.append(entry) }
    return entries
  }

  private static func append(_ number: UInt64, width: Int, to bytes: inout Data) {
    for byte in 0..<width { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * byte))) }
  }

  private struct Reader {
    var rest: Data

    mutating func entry() -> Entry? {
      guard let type = number(width: 1), let size = number(width: 8), let mode = number(width: 4), let name = field(),
        let link = field(), let error = field()
      else { return nil }
      var entry = Entry()
      entry.type = FileType(rawValue: Int(type)) ?? .unknown
      entry.size = Int64(bitPattern: size)
      entry.mode = UInt32(truncatingIfNeeded: mode)
      entry.name = name
      entry.linkTarget = link
      entry.errorCode = String(decoding: error, as: UTF8.self)
      return entry
    }

    private mutating func field() -> Data? {
      guard let count = number(width: 4), count <= UInt64(rest.count) else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return rest.prefix(Int(count))
    }

    private mutating func number(width: Int) -> UInt64? {
      guard rest.count >= width else { return nil }
      var number: UInt64 = 0
      for byte in rest.prefix(width).reversed() { number = number << 8 | UInt64(byte) }
      rest = rest.dropFirst(width)
      return number
    }
  }
}
