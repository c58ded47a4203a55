/// Something that a tool tells the client's log during a call. A value.
package struct MCPLogMessage: Sendable, Hashable {
  package var level: MCPLogLevel
  package var logger: String
  package var data: JSON

  package init(level: MCPLogLevel, logger: String, data: JSON) {
    self.level = level
    self.logger = logger
    self.data = data
  }

  /// The notification, where `call` asked for messages of this severity.
  func notification(for call: MCPCall) -> JSON? {
    guard let threshold = call.logLevel, level >= threshold else { return nil }
    return [
      "jsonrpc": "2.0", "method": "notifications/message",
      "params": ["level": .string(level.rawValue), "logger": .string(logger), "data": data],
    ]
  }
}
