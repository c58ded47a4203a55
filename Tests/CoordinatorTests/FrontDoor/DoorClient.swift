import Foundation
import MCP
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// An HTTP/1.1 client of one request per connection, which sees everything that is on the wire.
struct DoorClient: Sendable {
  struct Request: Sendable {
    var method = HTTPMethod.POST
    var path = "/mcp"
    var headers: [(String, String)] = []
    var body = ""

    /// A modern call as a client sends it.
    static func modern(
      _ method: String, name: String? = nil, params: JSONObject = [:], id: JSON = 1, token: JSON? = nil,
      logLevel: JSON? = nil
    ) -> Request {
      var params = params
      var meta: JSONObject = [
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": [:],
      ]
      meta["progressToken"] = token
      meta["io.modelcontextprotocol/logLevel"] = logLevel
      params["_meta"] = .object(meta)
      if let name { params["name"] = .string(name) }
      var request = Request()
      request.headers = Self.contentHeaders + [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)]
      if let name { request.headers.append(("Mcp-Name", name)) }
      request.body = Self.text(["jsonrpc": "2.0", "id": id, "method": .string(method), "params": .object(params)])
      return request
    }

    static func call(_ tool: String, _ arguments: JSON = [:], token: JSON? = nil) -> Request {
      modern("tools/call", name: tool, params: ["arguments": arguments], token: token)
    }

    /// A legacy message; nil id makes it a notification.
    static func legacy(
      _ method: String, params: JSON = [:], id: JSON? = 1, session: String? = nil, version: String? = "2025-11-25"
    ) -> Request {
      var message: JSONObject = ["jsonrpc": "2.0", "method": .string(method), "params": params]
      message["id"] = id
      var request = Request()
      request.headers = Self.contentHeaders
      if let session { request.headers.append(("Mcp-Session-Id", session)) }
      if let version, method != "initialize" { request.headers.append(("MCP-Protocol-Version", version)) }
      request.body = Self.text(.object(message))
      return request
    }

    static func initialize(_ version: String = "2025-11-25") -> Request {
      legacy(
        "initialize",
        params: [
          "protocolVersion": .string(version), "capabilities": [:], "clientInfo": ["name": "test", "version": "1"],
        ])
    }

    static func get(_ path: String, _ headers: [(String, String)] = []) -> Request {
      Request(method: .GET, path: path, headers: headers)
    }

    func with(_ name: String, _ value: String?) -> Request {
      var request = self
      request.headers.removeAll { $0.0.lowercased() == name.lowercased() }
      if let value { request.headers.append((name, value)) }
      return request
    }

    static let contentHeaders = [
      ("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"),
    ]

    private static func text(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }
  }

  struct Response: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: String

    var json: JSON { (try? JSON(parsing: Array(body.utf8))) ?? .null }
    /// `error.code` of a JSON-RPC error.
    var errorCode: Int64? { json["error"]?["code"]?.integer }
    /// The data of each event of a stream.
    var events: [JSON] {
      body.components(separatedBy: "\n\n").compactMap { event in
        let data = event.components(separatedBy: "\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
        return data.isEmpty ? nil : try? JSON(parsing: Array(data.joined().utf8))
      }
    }
  }

  let port: Int
  var host = "127.0.0.1"
  var tls: NIOSSLContext?

  func send(_ request: Request) async throws -> Response {
    try await open(request) { response in
      var whole = Response(status: response.status, headers: response.headers, body: "")
      var bytes: [UInt8] = []
      while let part = try await response.next() { bytes += part }
      whole.body = String(decoding: bytes, as: UTF8.self)
      return whole
    }
  }

  /// An answer as it arrives. When the closure returns, the connection is closed, whatever the state of the answer.
  final class OpenResponse {
    let status: Int
    let headers: HTTPHeaders
    private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

    init(
      status: Int, headers: HTTPHeaders, parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    ) {
      self.status = status
      self.headers = headers
      self.parts = parts
    }

    /// The next bytes of the body; nil at its end.
    func next() async throws -> [UInt8]? {
      switch try await parts.next() {
      case .body(let buffer): Array(buffer.readableBytesView)
      case .head, .end, nil: nil
      }
    }
  }

  func open<Value: Sendable>(_ request: Request, _ body: (OpenResponse) async throws -> Value) async throws -> Value {
    let tls = tls
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
          }
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path)
      for (name, value) in request.headers { head.headers.add(name: name, value: value) }
      if !head.headers.contains(name: "Host") { head.headers.add(name: "Host", value: "localhost:\(port)") }
      if request.method == .POST, !head.headers.contains(name: "Content-Length") {
        head.headers.add(name: "Content-Length", value: String(request.body.utf8.count))
      }
      try await outbound.write(.head(head))
      if !request.body.isEmpty { try? await outbound.write(.body(.byteBuffer(ByteBuffer(string: request.body)))) }
      try? await outbound.write(.end(nil))
      var parts = inbound.makeAsyncIterator()
      var first = try await parts.next()
      if case .head(let head)? = first, head.status == .continue { first = try await parts.next() }
      guard case .head(let answered)? = first else { throw ChannelError.eof }
      return try await body(
        OpenResponse(status: Int(answered.status.code), headers: answered.headers, parts: parts))
    }
  }
}

extension DoorClient {
  /// The statuses of the same request, sent twice over one connection.
  func sendTwiceOnOneConnection(_ request: Request) async throws -> [Int] {
    let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          return try NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var head = HTTPRequestHead(version: .http1_1, method: request.method, uri: request.path)
      for (name, value) in request.headers { head.headers.add(name: name, value: value) }
      head.headers.add(name: "Host", value: "localhost")
      head.headers.add(name: "Content-Length", value: String(request.body.utf8.count))
      var statuses: [Int] = []
      var parts = inbound.makeAsyncIterator()
      for _ in 0..<2 {
        try await outbound.write(.head(head))
        try await outbound.write(.body(.byteBuffer(ByteBuffer(string: request.body))))
        try await outbound.write(.end(nil))
        reading: while let part = try await parts.next() {
          switch part {
          case .head(let head): statuses.append(Int(head.status.code))
          case .body: continue
          case .end: break reading
          }
        }
      }
      return statuses
    }
  }
}

extension DoorClient.Response: CustomStringConvertible {
  var description: String { "\(status) \(body.prefix(300))" }
}
