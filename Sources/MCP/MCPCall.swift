/// Ours, one per call and never reused in a process: real clients send id 1 every time.
package struct CallID: Sendable, Hashable {
  package let number: UInt64

  package init(_ number: UInt64) { self.number = number }
}

/// A tool to run: what the driver hands to `MCPToolProvider.call`. A value.
package struct MCPCall: Sendable, Hashable {
  package let id: CallID
  package let name: String
  package let arguments: JSONObject
  /// Log messages from here on are sent; nil where the client asked for none.
  package let logLevel: MCPLogLevel?

  let message: MessageID
  let progressToken: MessageID?
  let revision: MCPRevision

  /// Whether the context gets a `progress`.
  package var wantsProgress: Bool { progressToken != nil }
}

/// How a call came out, as the driver saw it: what the provider returned or threw.
package typealias MCPCallResult = Result<MCPToolOutcome, MCPInvalidParams>
