/// What the HTTP side needs of a request. The front door has already refused bad credentials, a foreign Origin or Host.
package struct MCPHTTPRequest: Sendable {
  /// The header fields that are looked at; a driver need not pass others.
  package static let fieldNames = [
    "accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name", "mcp-session-id", "last-event-id",
  ]

  package var method: String
  /// In the order in which they came, each line its own entry: duplicates matter.
  package var fields: [MCPHTTPField]
  package var body: [UInt8]

  package init(method: String, fields: [MCPHTTPField], body: [UInt8] = []) {
    self.method = method
    self.fields = fields
    self.body = body
  }

  /// The lines of one field, each trimmed. `name` in lower case.
  func values(_ name: String) -> [String] {
    var values: [String] = []
    for field in fields where field.name == name { values.append(HeaderValue.trimmed(field.value)) }
    return values
  }
}

package struct MCPHTTPField: Sendable, Hashable {
  /// In lower case.
  package var name: String
  package var value: String

  package init(_ name: String, _ value: String) {
    self.name = name.lowercased()
    self.value = value
  }
}

/// A whole answer, known at once.
package struct MCPHTTPAnswer: Sendable, Hashable {
  package var status: Int
  package var fields: [MCPHTTPField]
  package var body: [UInt8]

  package init(status: Int, fields: [MCPHTTPField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  static let accepted = MCPHTTPAnswer(status: 202)

  static func json(_ status: Int, _ reply: RPCReply, fields: [MCPHTTPField] = []) -> MCPHTTPAnswer {
    MCPHTTPAnswer(
      status: status, fields: [MCPHTTPField("content-type", "application/json")] + fields, body: reply.bytes)
  }

  /// The answer to one request. Legacy errors of a request that was read ride on 200.
  static func reply(_ reply: RPCReply, isModern: Bool, fields: [MCPHTTPField] = []) -> MCPHTTPAnswer {
    guard isModern, case .failure(let error) = reply.outcome else { return json(200, reply, fields: fields) }
    return json(error.modernStatus, reply, fields: fields)
  }

  static func batch(_ replies: [RPCReply]) -> MCPHTTPAnswer {
    MCPHTTPAnswer(
      status: 200, fields: [MCPHTTPField("content-type", "application/json")],
      body: JSON.array(replies.map(\.json)).serialized())
  }

  /// A refusal with a JSON-RPC error as its body; for the front door's own refusals, too (401, 403, 413, 503).
  package static func refusal(_ status: Int, _ error: RPCError, id: MessageID? = nil, fields: [MCPHTTPField] = [])
    -> MCPHTTPAnswer
  {
    json(status, RPCReply(id: id, .failure(error)), fields: fields)
  }
}

/// What becomes of a request.
package enum HTTPDecision: Sendable {
  /// Write this and be done.
  case respond(MCPHTTPAnswer)
  /// Run `exchange.calls`; `MCPEndpoint.progressed`, `finished` and `ticked` say what to write and when.
  case run(HTTPExchange)
  /// Hold the connection open as an SSE stream; `MCPEndpoint.next` says what to write.
  case listen(ListenStream)
}

/// A piece of an answer under way, to be written in order.
package enum HTTPOutput: Sendable, Hashable {
  case head(status: Int, fields: [MCPHTTPField])
  case body([UInt8])
  /// The answer is complete; nothing follows.
  case end
}
