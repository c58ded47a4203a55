/// What a request asks for, once its envelope and its era are settled.
enum Dispatch: Sendable, Hashable {
  case result(JSON)
  case failure(RPCError)
  case call(MCPCall)
  /// Legacy: open a session at this revision, with this result.
  case initialize(MCPRevision, JSON)
  /// Legacy: log messages from this severity on, with an empty result.
  case setLogLevel(MCPLogLevel)
}

extension MCPServer {
  /// Answers a legacy request of a session at `revision`; log messages go to it from `logLevel` on.
  func dispatchLegacy(_ request: RPCRequest, revision: MCPRevision, logLevel: MCPLogLevel?, id: () -> CallID)
    -> Dispatch
  {
    switch request.method {
    case "initialize": initialize(request)
    case "ping": .result([:])
    case "logging/setLevel": setLogLevel(request)
    case "tools/list": toolList(request, revision)
    case "tools/call": call(request, revision, logLevel, id: id)
    default: .failure(.methodNotFound(request.method))
    }
  }

  /// Answers a modern request that `ModernCheck` passed. Modern has no `initialize`, no `ping`, no `logging/setLevel`.
  func dispatchModern(_ request: RPCRequest, revision: MCPRevision, id: () -> CallID) -> Dispatch {
    switch request.method {
    case "server/discover": .result(discovery(revision))
    case "tools/list": toolList(request, revision)
    case "tools/call": call(request, revision, ModernCheck.logLevel(request), id: id)
    default: .failure(.methodNotFound(request.method))
    }
  }

  /// What a modern result carries beside its own members; a legacy one stays as it is.
  func decorated(_ result: JSONObject, _ revision: MCPRevision) -> JSON {
    guard revision.isModern else { return .object(result) }
    var result = result
    result["resultType"] = "complete"
    result["_meta"] = ["io.modelcontextprotocol/serverInfo": infoJSON(revision)]
    return .object(result)
  }

  private func initialize(_ request: RPCRequest) -> Dispatch {
    guard let asked = request.params["protocolVersion"]?.string else {
      return .failure(RPCError(.invalidParams, "initialize needs params.protocolVersion, a string"))
    }
    let known = MCPRevision(rawValue: asked).flatMap { $0.isModern ? nil : $0 }
    let revision = known ?? .newestLegacy
    var result: JSONObject = [
      "protocolVersion": .string(revision.rawValue), "capabilities": ["tools": [:], "logging": [:]],
      "serverInfo": infoJSON(revision),
    ]
    if !instructions.isEmpty { result["instructions"] = .string(instructions) }
    return .initialize(revision, .object(result))
  }

  /// `logging` is not among the capabilities: 2026-07-28 deprecates it, and a request asks for log messages itself.
  private func discovery(_ revision: MCPRevision) -> JSON {
    var result: JSONObject = [
      "supportedVersions": .array(MCPRevision.modern.map { .string($0.rawValue) }),
      "capabilities": ["tools": [:]], "ttlMs": .int(limits.cacheMilliseconds), "cacheScope": "public",
    ]
    if !instructions.isEmpty { result["instructions"] = .string(instructions) }
    return decorated(result, revision)
  }

  private func setLogLevel(_ request: RPCRequest) -> Dispatch {
    guard let level = request.params["level"]?.string.flatMap(MCPLogLevel.init) else {
      let levels = MCPLogLevel.allCases.map(\.rawValue).joined(separator: ", ")
      return .failure(RPCError(.invalidParams, "params.level must be one of \(levels)"))
    }
    return .setLogLevel(level)
  }

  private func call(_ request: RPCRequest, _ revision: MCPRevision, _ logLevel: MCPLogLevel?, id: () -> CallID)
    -> Dispatch
  {
    guard let name = request.params["name"]?.string else {
      return .failure(RPCError(.invalidParams, "tools/call needs params.name, a string"))
    }
    guard hasTool(name) else { return .failure(RPCError(.invalidParams, "Unknown tool: \(name.prefix(128))")) }
    let arguments: JSONObject
    switch request.params["arguments"] {
    case nil, .null?: arguments = [:]
    case .object(let members)?: arguments = members
    default: return .failure(RPCError(.invalidParams, "params.arguments must be an object"))
    }
    return .call(
      MCPCall(
        id: id(), name: name, arguments: arguments, logLevel: logLevel, message: request.id,
        progressToken: MessageID(request.meta?["progressToken"]), revision: revision))
  }
}
