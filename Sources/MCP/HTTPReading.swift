/// A request as far as it can be understood without memory. A value.
enum HTTPReading: Sendable {
  case answer(MCPHTTPAnswer)
  /// A modern `tools/call`.
  case call(MCPCall)
  /// To be looked at by its session.
  case legacy(LegacyRequest)
}

/// A request of the legacy era, its session not yet looked up. A value.
struct LegacyRequest: Sendable, Hashable {
  enum Content: Sendable, Hashable {
    case message(RPCMessage)
    /// Only sessions at 2025-03-26 may send these.
    case batch([JSON])
    /// GET; with the id of the last event that the client saw.
    case listen(after: String?)
    /// DELETE.
    case end
  }

  /// nil where the field is missing.
  var session: String?
  var content: Content
}

extension MCPServer {
  /// The part of the HTTP table that needs no session: method, content negotiation, parsing, era, modern checks, dispatch.
  /// `id` is called where there is a call.
  func read(_ request: MCPHTTPRequest, id: () -> CallID) -> HTTPReading {
    let headers = RoutingHeaders(request)
    guard ["POST", "GET", "DELETE"].contains(request.method) else {
      return .answer(.methodNotAllowed(allow: "GET, POST, DELETE"))
    }
    if request.method != "POST", headers.sayModern { return .answer(.methodNotAllowed(allow: "POST")) }
    let sessions = request.values("mcp-session-id")
    guard headers.versions.count <= 1 else {
      return .answer(.refusal(400, RPCError(.headerMismatch, "Header mismatch: MCP-Protocol-Version appears twice")))
    }
    do throws(RPCRejection) {
      switch request.method {
      case "GET":
        guard Accept(request).hasEventStream else { return .answer(.notAcceptable("text/event-stream")) }
        return .legacy(
          LegacyRequest(
            session: try single(sessions), content: .listen(after: request.values("last-event-id").first)))
      case "DELETE": return .legacy(LegacyRequest(session: try single(sessions), content: .end))
      default: return try readPost(request, headers, sessions, id: id)
      }
    } catch {
      return .answer(.json(400, RPCReply(error)))
    }
  }

  private func readPost(
    _ request: MCPHTTPRequest, _ headers: RoutingHeaders, _ sessions: [String], id: () -> CallID
  ) throws(RPCRejection) -> HTTPReading {
    guard ContentType.isJSON(request.values("content-type")) else {
      return .answer(.refusal(415, RPCError(.invalidRequest, "Content-Type must be application/json")))
    }
    let accept = Accept(request)
    guard accept.hasJSON, accept.hasEventStream else {
      return .answer(.notAcceptable("application/json and text/event-stream"))
    }
    let body: JSON
    do { body = try JSON(parsing: request.body, bounds: limits.message) } catch {
      if error.code == .tooLarge {
        return .answer(.refusal(413, RPCError(.invalidRequest, "The message is too large")))
      }
      throw RPCRejection(RPCError(.parseError, "Parse error: \(error)"))
    }
    if let batch = body.array {
      guard !headers.sayModern else { throw RPCRejection(.oneMessage) }
      return .legacy(LegacyRequest(session: try single(sessions), content: .batch(batch)))
    }
    let message = try RPCMessage(body)
    if headers.sayModern { return readModern(message, headers, id: id) }
    if headers.versions.isEmpty, case .request(let request) = message, ModernCheck.isEnveloped(request.params) {
      let error = RPCError(.headerMismatch, "Header mismatch: MCP-Protocol-Version is missing")
      return .answer(.refusal(400, error, id: request.id))
    }
    return .legacy(LegacyRequest(session: try single(sessions), content: .message(message)))
  }

  private func readModern(_ message: RPCMessage, _ headers: RoutingHeaders, id: () -> CallID) -> HTTPReading {
    switch message {
    case .request(let request):
      let dispatch: Dispatch
      do {
        dispatch = dispatchModern(request, revision: try ModernCheck.check(request, headers: headers), id: id)
      } catch {
        return .answer(.reply(RPCReply(id: request.id, .failure(error)), isModern: true))
      }
      switch dispatch {
      case .call(let call): return .call(call)
      case .result(let result): return .answer(.reply(RPCReply(id: request.id, .success(result)), isModern: true))
      case .failure(let error): return .answer(.reply(RPCReply(id: request.id, .failure(error)), isModern: true))
      case .initialize, .setLogLevel:
        return .answer(.reply(RPCReply(id: request.id, .failure(.methodNotFound(request.method))), isModern: true))
      }
    case .notification:
      // Nothing that a modern client may tell us over HTTP has a meaning: it cancels by closing the stream.
      guard let version = headers.versions.first, MCPRevision(rawValue: version)?.isModern == true else {
        return .answer(.refusal(400, .unsupportedVersion(headers.versions.first ?? "")))
      }
      return .answer(.accepted)
    case .response: return .answer(.refusal(400, .oneMessage))
    }
  }

  private func single(_ sessions: [String]) throws(RPCRejection) -> String? {
    guard sessions.count <= 1 else {
      throw RPCRejection(RPCError(.invalidRequest, "Mcp-Session-Id appears \(sessions.count) times"))
    }
    return sessions.first
  }
}

extension RPCError {
  static let oneMessage = RPCError(.invalidRequest, "The body must be one JSON-RPC request or notification")
}

extension RoutingHeaders {
  /// A version that is none of the legacy ones: the modern checks say what is wrong with it.
  var sayModern: Bool {
    versions.contains { version in !MCPRevision.legacy.contains { $0.rawValue == version } }
  }
}

extension MCPHTTPAnswer {
  package static func methodNotAllowed(allow: String) -> MCPHTTPAnswer {
    refusal(405, RPCError(.invalidRequest, "Method not allowed"), fields: [MCPHTTPField("allow", allow)])
  }

  static func notAcceptable(_ types: String) -> MCPHTTPAnswer {
    refusal(406, RPCError(.invalidRequest, "Accept must admit \(types)"))
  }
}
