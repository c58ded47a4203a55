import HTTPTypes
import HummingbirdCore
import MCP
import NIOCore

/// What the front door wants to know of a request.
extension Request {
  enum BodyError: Error { case tooLarge, lost }

  var isReading: Bool { method == .get || method == .head }

  /// The lines that say which server is meant.
  var hosts: [String] { [head.authority].compactMap { $0 } + headers[values: .host] }

  var hasBody: Bool { headers[.transferEncoding] != nil || (headers[.contentLength].flatMap { Int($0) } ?? 0) > 0 }

  /// The key in `X-API-Key` or `Authorization: Bearer`; never one from the query.
  var presentedKey: String? {
    if let key = headers[.xAPIKey] { return key }
    guard let authorization = headers[.authorization] else { return nil }
    let parts = authorization.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return String(parts[1].drop { $0 == " " })
  }

  /// The address that limits are counted for: the peer's, or what the proxy in front says last.
  func client(of connection: HTTPConnection, behindProxy: Bool) -> String {
    guard behindProxy, let forwarded = headers[values: .xForwardedFor].last?.split(separator: ",").last else {
      return connection.address
    }
    return String(forwarded.filter { $0 != " " }.prefix(64))
  }

  /// The fields that MCP looks at.
  var mcpFields: [MCPHTTPField] {
    headers.compactMap { field in
      let name = field.name.canonicalName
      return MCPHTTPRequest.fieldNames.contains(name) ? MCPHTTPField(name, field.value) : nil
    }
  }

  /// The whole body, unless it is longer than `limit` bytes (known at once where its length is announced) or breaks off.
  func bytes(upTo limit: Int) async throws(BodyError) -> [UInt8] {
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw .tooLarge }
    var bytes: [UInt8] = []
    do {
      for try await part in body {
        guard bytes.count + part.readableBytes <= limit else { throw BodyError.tooLarge }
        bytes.append(contentsOf: part.readableBytesView)
      }
    } catch {
      throw error as? BodyError ?? .lost
    }
    return bytes
  }
}

extension HTTPField.Name {
  fileprivate static let xAPIKey = Self("X-API-Key")!
  fileprivate static let xForwardedFor = Self("X-Forwarded-For")!
  static let host = Self("Host")!
}
