/// The checks of a modern request before it is dispatched, in the order of the specification: `_meta`, headers, version.
enum ModernCheck {
  static let versionKey = "io.modelcontextprotocol/protocolVersion"
  static let capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
  static let logLevelKey = "io.modelcontextprotocol/logLevel"

  /// Methods whose header `Mcp-Name` repeats a parameter of the body.
  private static let namedBy = [
    "tools/call": "name", "prompts/get": "name", "resources/read": "uri", "tasks/get": "taskId",
    "tasks/update": "taskId", "tasks/result": "taskId", "tasks/cancel": "taskId",
  ]

  /// Whether the message says by itself that it is modern.
  static func isEnveloped(_ params: JSONObject) -> Bool { params["_meta"]?[versionKey] != nil }

  /// What the request says of its logs; nil for none wanted.
  static func logLevel(_ request: RPCRequest) -> MCPLogLevel? {
    request.meta?[logLevelKey]?.string.flatMap(MCPLogLevel.init)
  }

  /// The revision to answer in. `headers` is nil on stdio, which has none.
  static func check(_ request: RPCRequest, headers: RoutingHeaders?) throws(RPCError) -> MCPRevision {
    let version = try declaredVersion(request)
    if let headers { try headers.match(version: version, method: request.method, name: name(of: request)) }
    guard let revision = MCPRevision(rawValue: version), revision.isModern else { throw .unsupportedVersion(version) }
    return revision
  }

  private static func declaredVersion(_ request: RPCRequest) throws(RPCError) -> String {
    guard let meta = request.meta else {
      throw RPCError(
        .invalidParams, "params._meta must be an object with \(versionKey) and \(capabilitiesKey)")
    }
    let missing = [versionKey, capabilitiesKey].filter { meta[$0] == nil }
    guard missing.isEmpty else {
      throw RPCError(.invalidParams, "params._meta lacks \(missing.joined(separator: " and "))")
    }
    guard let version = meta[versionKey]?.string else {
      throw RPCError(.invalidParams, "params._meta's \(versionKey) must be a string")
    }
    guard meta[capabilitiesKey]?.object != nil else {
      throw RPCError(.invalidParams, "params._meta's \(capabilitiesKey) must be an object")
    }
    return version
  }

  private static func name(of request: RPCRequest) -> RoutingHeaders.Name {
    guard let parameter = namedBy[request.method] else { return .none }
    guard let value = request.params[parameter]?.string else { return .absent(parameter) }
    return .value(value, parameter)
  }
}
