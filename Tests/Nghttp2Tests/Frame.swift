import Nghttp2

/// Frames made by hand, for what nghttp2 itself would never send. Source: RFC 9113, section 4.1; RFC 7541.
enum Frame {
  enum Kind: UInt8 {
    case data = 0x0
    case headers = 0x1
    case reset = 0x3
    case settings = 0x4
    case ping = 0x6
    case goAway = 0x7
    case windowUpdate = 0x8
    case continuation = 0x9
  }

  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let settings = make(.settings, flags: 0, stream: 0, [])
  static let greeting = preface + settings

  static func make(_ kind: Kind, flags: UInt8, stream: StreamID, _ payload: [UInt8]) -> [UInt8] {
    let length = payload.count
    return [UInt8(length >> 16), UInt8(length >> 8 & 0xff), UInt8(length & 0xff), kind.rawValue, flags]
      + bytes(UInt32(bitPattern: stream)) + payload
  }

  static func bytes(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  /// HPACK literals without indexing or Huffman coding.
  static func literals(_ fields: [(String, String)]) -> [UInt8] {
    fields.flatMap { [0x00] + string($0) + string($1) }
  }

  /// A HEADERS frame that opens `stream` with a request.
  static func request(_ stream: StreamID, flags: UInt8 = 0x5, extra: [(String, String)] = []) -> [UInt8] {
    let fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")] + extra
    return make(.headers, flags: flags, stream: stream, literals(fields))
  }

  private static func string(_ text: String) -> [UInt8] {
    var (size, rest) = (text.utf8.count, [UInt8]())
    if size < 127 { return [UInt8(size)] + Array(text.utf8) }
    size -= 127
    while size >= 128 {
      rest.append(UInt8(size % 128 + 128))
      size /= 128
    }
    return [127] + rest + [UInt8(size)] + Array(text.utf8)
  }
}
