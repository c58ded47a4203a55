import MCP

/// One thing that `scout doctor` saw. A value.
struct Finding: Sendable, Hashable {
  enum Level: String, Sendable {
    /// As it should be.
    case good = "ok"
    /// Works, and somebody should know.
    case notice = "note"
    /// Does not work until it is mended.
    case fault = "FAULT"
  }

  var level: Level
  /// What was looked at: `settings`, `host web1`, `agent dc1`, ...
  var subject: String
  /// What is so, and for a fault what to do.
  var message: String

  init(_ level: Level, _ subject: String, _ message: String) {
    self.level = level
    self.subject = subject
    self.message = message
  }

  var line: String {
    "\(level.rawValue)\(String(repeating: " ", count: 7 - level.rawValue.count))\(subject): \(message)"
  }

  var json: JSON {
    ["level": .string(level.rawValue.lowercased()), "subject": .string(subject), "message": .string(message)]
  }
}
