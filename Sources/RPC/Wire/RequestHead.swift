import HTTP2

/// What a call says at its start. A value.
///
/// Source: grpc/doc/PROTOCOL-HTTP2.md, Requests.
struct RequestHead: Sendable, Hashable {
  /// `/package.Service/Method`.
  var path: String
  var authority: String
  var timeout: Duration?
  var metadata: RPCMetadata

  /// Why a head is no call.
  enum Refusal: Error, Sendable, Hashable {
    /// Not gRPC at all: answered in HTTP's terms.
    case http(status: Int)
    /// gRPC that is not spoken here: answered by a status.
    case status(RPCError)
  }

  init(path: String, authority: String = "", timeout: Duration? = nil, metadata: RPCMetadata = RPCMetadata()) {
    self.path = path
    self.authority = authority
    self.timeout = timeout
    self.metadata = metadata
  }

  /// Reads a head that a client sent.
  init(fields: [HTTP2Header]) throws(Refusal) {
    var method = "", path = "", authority = "", contentType = "", te = ""
    var encoding = "identity"
    var timeoutText: String?
    for field in fields {
      switch field.name {
      case ":method": method = field.value
      case ":path": path = field.value
      case ":authority": authority = field.value
      case "content-type": contentType = field.value
      case "te": te = field.value
      case "grpc-encoding": encoding = field.value
      case "grpc-timeout": timeoutText = field.value
      default: break
      }
    }
    guard method == "POST" else { throw .http(status: 405) }
    guard Self.isGRPC(contentType) else { throw .http(status: 415) }
    guard te == "trailers" || te.split(separator: ",").contains(where: { $0.drop { $0 == " " } == "trailers" }) else {
      throw .status(
        RPCError(.internal, "te: trailers is missing; something between does not pass trailers on", mayHaveRun: false))
    }
    guard encoding == "identity" else {
      throw .status(
        RPCError(.unimplemented, "grpc-encoding \(encoding); only identity is spoken here", mayHaveRun: false))
    }
    if let timeoutText {
      guard let parsed = RPCTimeout.parse(timeoutText) else {
        throw .status(RPCError(.invalidArgument, "grpc-timeout cannot be read", mayHaveRun: false))
      }
      timeout = parsed
    }
    self.path = path
    self.authority = authority
    metadata = RPCMetadata(fields: fields)
  }

  /// As a client sends it.
  func fields(scheme: String) -> [HTTP2Header] {
    var fields = [
      HTTP2Header(":method", "POST"),
      HTTP2Header(":scheme", scheme),
      HTTP2Header(":path", path),
      HTTP2Header(":authority", authority),
      HTTP2Header("te", "trailers"),
      HTTP2Header("content-type", "application/grpc"),
      HTTP2Header("user-agent", "scout"),
    ]
    fields.reserveCapacity(fields.count + 1 + metadata.fields.count)
    if let timeout { fields.append(HTTP2Header("grpc-timeout", RPCTimeout.format(timeout))) }
    fields += metadata.fields
    return fields
  }

  /// `application/grpc`, with a `+format` or parameters after it.
  static func isGRPC(_ contentType: String) -> Bool {
    guard contentType.hasPrefix("application/grpc") else { return false }
    let rest = contentType.utf8.dropFirst("application/grpc".utf8.count).first
    return rest == nil || rest == UInt8(ascii: "+") || rest == UInt8(ascii: ";")
  }
}
