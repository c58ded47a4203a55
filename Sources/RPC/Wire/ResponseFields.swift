import HTTP2

/// The heads and trailers of a server's answer, written and read. A namespace.
///
/// Source: grpc/doc/PROTOCOL-HTTP2.md, Responses.
enum ResponseFields {
  static let head = [HTTP2Header(":status", "200"), HTTP2Header("content-type", "application/grpc")]
  private static let statusOK = [HTTP2Header("grpc-status", "0")]

  static func head(_ metadata: RPCMetadata) -> [HTTP2Header] {
    metadata.isEmpty ? head : head + metadata.fields
  }

  static func trailers(_ metadata: RPCMetadata) -> [HTTP2Header] {
    metadata.isEmpty ? statusOK : statusOK + metadata.fields
  }

  static func trailers(_ error: RPCError) -> [HTTP2Header] {
    var fields = [
      HTTP2Header("grpc-status", "\(error.code.rawValue)"),
      HTTP2Header("grpc-message", PercentEncoding.encode(error.message, limit: RPCError.maxMessageBytes)),
    ]
    if let retryAfter = error.retryAfter {
      fields.append(HTTP2Header("grpc-retry-pushback-ms", "\(max(milliseconds(retryAfter), 0))"))
    }
    if error.code == .unimplemented { fields.append(HTTP2Header("grpc-accept-encoding", "identity")) }
    return fields + error.metadata.fields
  }

  /// A whole answer in one head: a failure before anything else was sent.
  static func trailersOnly(_ error: RPCError) -> [HTTP2Header] { head + trailers(error) }

  /// The answer to a head that is no call.
  static func refusal(_ refusal: RequestHead.Refusal) -> [HTTP2Header] {
    switch refusal {
    case .status(let error): trailersOnly(error)
    case .http(let status):
      [
        HTTP2Header(":status", "\(status)"), HTTP2Header("content-type", "application/grpc"),
        HTTP2Header("grpc-status", "\(RPCCode.unknown.rawValue)"),
        HTTP2Header("grpc-message", "this is not a gRPC call"),
      ]
    }
  }

  /// Whether a head begins an answer; otherwise what it says instead.
  static func checkHead(_ fields: [HTTP2Header]) throws(RPCError) {
    guard fields.first(named: ":status") == "200" else { throw withoutStatus(fields) }
    guard RequestHead.isGRPC(fields.first(named: "content-type") ?? "") else {
      throw RPCError(
        .unknown, "the answer is not gRPC (content-type \(fields.first(named: "content-type") ?? "missing"))")
    }
    let encoding = fields.first(named: "grpc-encoding") ?? "identity"
    guard encoding == "identity" else {
      throw RPCError(.unimplemented, "the answer is compressed (\(encoding)); only identity is spoken here")
    }
  }

  /// What trailers (or a head that is the whole answer) say of the call.
  static func result(of fields: [HTTP2Header]) -> Result<RPCMetadata, RPCError> {
    guard let text = fields.first(named: "grpc-status") else { return .failure(withoutStatus(fields)) }
    let metadata = RPCMetadata(fields: fields)
    let code = Int(text).flatMap(RPCCode.init(rawValue:)) ?? .unknown
    if code == .ok { return .success(metadata) }
    let pushback = fields.first(named: "grpc-retry-pushback-ms").flatMap { Int64($0) }
    return .failure(
      RPCError(
        code, PercentEncoding.decode(fields.first(named: "grpc-message") ?? ""), metadata: metadata,
        retryAfter: pushback.flatMap { $0 >= 0 ? .milliseconds($0) : nil }, mayHaveRun: code != .unimplemented))
  }

  private static func withoutStatus(_ fields: [HTTP2Header]) -> RPCError {
    guard let status = fields.first(named: ":status").flatMap({ Int($0) }), status != 200 else {
      return RPCError(.unknown, "the answer ended without a status")
    }
    return RPCError(RPCCode(httpStatus: status), "the answer has HTTP status \(status)")
  }

  private static func milliseconds(_ duration: Duration) -> Int64 {
    let (seconds, attoseconds) = duration.components
    return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
  }
}
