/// A JSON-RPC error object. A value.
package struct RPCError: Error, Sendable, Hashable {
  /// The codes that are ever emitted. Source: JSON-RPC 2.0 section 5.1, MCP 2026-07-28 for -32020 to -32022.
  package enum Code: Int, Sendable, Hashable, CaseIterable {
    case parseError = -32700
    case invalidRequest = -32600
    case methodNotFound = -32601
    case invalidParams = -32602
    case internalError = -32603
    case headerMismatch = -32020
    case missingClientCapability = -32021
    case unsupportedProtocolVersion = -32022
  }

  package var code: Code
  package var message: String
  package var data: JSON?

  package init(_ code: Code, _ message: String, data: JSON? = nil) {
    self.code = code
    self.message = message
    self.data = data
  }

  package init(_ error: MCPInvalidParams) { self.init(.invalidParams, error.message, data: error.data) }

  static func methodNotFound(_ method: String) -> RPCError {
    RPCError(.methodNotFound, "Method not found: \(method.prefix(128))")
  }

  static func unsupportedVersion(_ requested: String) -> RPCError {
    RPCError(
      .unsupportedProtocolVersion, "Unsupported protocol version",
      data: ["supported": .array(MCPRevision.modern.map { .string($0.rawValue) }), "requested": .string(requested)])
  }

  package static func missingCapability(_ capabilities: JSONObject) -> RPCError {
    let names = capabilities.keys.sorted().joined(separator: ", ")
    return RPCError(
      .missingClientCapability, "The request needs the client capability \(names)",
      data: ["requiredCapabilities": .object(capabilities)])
  }

  var json: JSON {
    var members: JSONObject = ["code": .int(Int64(code.rawValue)), "message": .string(message)]
    members["data"] = data
    return .object(members)
  }

  /// What the modern era answers over HTTP.
  var modernStatus: Int {
    switch code {
    case .methodNotFound: 404
    case .internalError: 500
    case .parseError, .invalidRequest, .invalidParams, .headerMismatch, .missingClientCapability,
      .unsupportedProtocolVersion:
      400
    }
  }
}
