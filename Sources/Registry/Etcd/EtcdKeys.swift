import FoundationEssentials

/// Where a row stands in etcd: `PREFIX v1/agents/SEGMENT/AGENT/dial` or `.../via:COORDINATOR`. A value.
///
/// Names are percent-encoded (RFC 3986: all but its unreserved characters), so no name reaches out of its place.
struct EtcdKeys: Sendable {
  /// What all rows' keys start with.
  let start: String

  init(prefix: String) {
    start = prefix + "v1/agents/"
  }

  var first: Data { Data(start.utf8) }

  /// The first key beyond the prefix: its last byte plus one. The last byte is a slash, so that never overflows.
  var end: Data {
    var bytes = Data(start.utf8)
    bytes[bytes.count - 1] += 1
    return bytes
  }

  /// The key that follows `key` directly.
  static func next(after key: Data) -> Data { key + [0] }

  func key(of id: RegistryRow.ID) -> Data {
    let place =
      switch id.way {
      case .dialled: "dial"
      case .tunnelled(let coordinator): "via:" + Self.escape(coordinator)
      }
    return Data((start + Self.escape(id.segment) + "/" + Self.escape(id.agent) + "/" + place).utf8)
  }

  /// The row of a key and its value. Throws `.malformed` where they do not belong together.
  func row(_ pair: EtcdPair) throws(RegistryError) -> RegistryRow {
    let row = try RowCodec.decode(pair.value ?? Data())
    guard key(of: row.id) == pair.key else {
      throw RegistryError(.malformed, "a row stands under a key that is not its own")
    }
    return row
  }

  private static func escape(_ name: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        bytes.append(byte)
      default:
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
