import FoundationEssentials
package import HTTP2

/// What goes along with a call or its answer: names with values, in order, names may repeat. A value.
///
/// A name ends in `-bin` exactly when its value is bytes. Names are lower case letters, digits, `_`, `-` and `.`; what begins with
/// `grpc-` or `:` belongs to the wire. A text value is printable ASCII; any other byte is sent as `?`.
///
/// Source: grpc/doc/PROTOCOL-HTTP2.md, Custom-Metadata.
package struct RPCMetadata: Sendable, Hashable {
  /// As on the wire: bytes are in base64.
  package private(set) var fields: [HTTP2Header] = []

  package init() {}

  /// The custom metadata among the fields of a head or of trailers.
  package init(fields all: some Sequence<HTTP2Header>) {
    for field in all where Self.isCustom(field.name) {
      fields.append(field)
    }
  }

  package var isEmpty: Bool { fields.isEmpty }

  /// The first text value of `name`.
  package subscript(name: String) -> String? { fields.first(named: name) }

  /// The first bytes value of `name`, which ends in `-bin`; nil where there is none, or none that is base64.
  package func bytes(_ name: String) -> [UInt8]? {
    guard let text = fields.first(named: name) else { return nil }
    // Padding is optional on the wire, and values of one name may have been joined with commas.
    var first = text.prefix { $0 != "," && $0 != "=" }
    if first.utf8.count % 4 != 0 { first += String(repeating: "=", count: 4 - first.utf8.count % 4) }
    return Data(base64Encoded: String(first)).map { [UInt8]($0) }
  }

  package mutating func add(_ name: String, _ value: String) {
    assert(Self.isCustom(name) && !name.hasSuffix("-bin"), "\(name) cannot carry text")
    let isPrintable = value.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    let sent =
      isPrintable ? value : String(decoding: value.utf8.map { (0x20...0x7e).contains($0) ? $0 : 0x3f }, as: UTF8.self)
    fields.append(HTTP2Header(name, sent))
  }

  package mutating func add(_ name: String, bytes: some Sequence<UInt8>) {
    assert(Self.isCustom(name) && name.hasSuffix("-bin"), "\(name) cannot carry bytes")
    let text = Data(bytes).base64EncodedString()
    fields.append(HTTP2Header(name, String(text.prefix { $0 != "=" })))
  }

  private static func isCustom(_ name: String) -> Bool {
    switch name {
    case "content-type", "te", "user-agent", "content-length", "accept-encoding": false
    default: !name.hasPrefix("grpc-") && !name.hasPrefix(":")
    }
  }
}
