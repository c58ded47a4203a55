/// Whoever has the tools. `MCPServer` lists them, checks that a called name exists and that `arguments` is an object; what
/// the arguments hold is the provider's to check.
package protocol MCPToolProvider: Sendable {
  /// In the order in which they are listed; the same each time.
  var tools: [MCPTool] { get }

  /// Runs the tool `name`, which is one of `tools`. A bad argument value or a failure is an outcome with `isError`;
  /// a throw is for a call that is no call of this tool (JSON-RPC -32602). Task cancellation cancels the call.
  func call(_ name: String, arguments: JSONObject, context: MCPCallContext) async throws(MCPInvalidParams)
    -> MCPToolOutcome
}

/// What a call of a tool came to. A value.
package struct MCPToolOutcome: Sendable, Hashable {
  /// What conforms to the tool's `outputSchema`. Not sent with `isError`, nor to revisions before 2025-06-18.
  package var structured: JSON?
  /// The same facts for a reader; with `isError`, what to do next.
  package var text: String
  package var isError: Bool
  /// With `isError`: the arguments were at fault, and nobody was asked. For callers in this process; not sent.
  package var isInvalid = false

  package init(structured: JSON? = nil, text: String, isError: Bool = false) {
    self.structured = structured
    self.text = text
    self.isError = isError
  }
}

/// What a tool may know about the call that it serves.
package struct MCPCallContext: Sendable {
  /// Ours, for logs and the link; not the client's id.
  package var requestID: String
  /// Who calls, as the front door found out.
  package var principal: String
  /// Present when the client asked for progress: done so far (only increasing counts), of how much, in words. Call it as
  /// often as is convenient; what the client gets is bounded.
  package var progress: (@Sendable (_ done: Double, _ total: Double?, _ message: String) -> Void)?

  /// Present when the client asked for log messages; see `MCPCall.logLevel`.
  package var log: (@Sendable (MCPLogMessage) -> Void)?

  package init(
    requestID: String, principal: String,
    progress: (@Sendable (_ done: Double, _ total: Double?, _ message: String) -> Void)? = nil,
    log: (@Sendable (MCPLogMessage) -> Void)? = nil
  ) {
    self.requestID = requestID
    self.principal = principal
    self.progress = progress
    self.log = log
  }
}

/// The call is malformed: JSON-RPC -32602.
package struct MCPInvalidParams: Error, Sendable, Hashable {
  package var message: String
  package var data: JSON?

  package init(_ message: String, data: JSON? = nil) {
    self.message = message
    self.data = data
  }
}
