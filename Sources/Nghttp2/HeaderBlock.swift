/// A value: the fields of one head or one block of trailers, in order, in one piece of memory.
package struct HeaderBlock: Sendable, Hashable {
  /// What a field counts for beyond its own bytes. Source: RFC 9113, section 6.5.2.
  package static let fieldOverhead = 32

  /// Names and values, one after the other.
  private(set) var bytes: [UInt8] = []
  /// Where in `bytes` each name ends, then its value.
  private(set) var ends: [Int] = []

  package init() {}

  package init(_ fields: KeyValuePairs<String, String>) {
    for (name, value) in fields { append(name: name, value: value) }
  }

  package var count: Int { ends.count / 2 }
  package var isEmpty: Bool { ends.isEmpty }
  /// Bytes as SETTINGS_MAX_HEADER_LIST_SIZE counts them.
  package var listSize: Int { bytes.count + Self.fieldOverhead * count }

  /// It begins with a pseudo-header field.
  var isHead: Bool { bytes.first == UInt8(ascii: ":") }

  /// - Parameter name: In lower case.
  package mutating func append(name: String, value: String) {
    bytes.append(contentsOf: name.utf8)
    ends.append(bytes.count)
    bytes.append(contentsOf: value.utf8)
    ends.append(bytes.count)
  }

  mutating func append(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    unsafe bytes.append(contentsOf: name)
    ends.append(bytes.count)
    unsafe bytes.append(contentsOf: value)
    ends.append(bytes.count)
  }

  /// Calls `body` for each field in order. Bytes that are not UTF-8 become replacement characters.
  package func forEach(_ body: (_ name: String, _ value: String) -> Void) {
    var start = 0
    for field in 0..<count {
      let (nameEnd, valueEnd) = (ends[2 * field], ends[2 * field + 1])
      body(
        String(decoding: bytes[start..<nameEnd], as: UTF8.self),
        String(decoding: bytes[nameEnd..<valueEnd], as: UTF8.self))
      start = valueEnd
    }
  }

  /// The value of the first field called `name`.
  package func first(_ name: String) -> String? {
    var found: String?
    forEach { if found == nil, $0 == name { found = $1 } }
    return found
  }
}
