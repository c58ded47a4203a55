import MCP

/// What a tool answered, from this process or from a coordinator elsewhere. A value.
struct ToolResult: Sendable {
  var structured: JSON?
  var text: String
  var isError: Bool
  /// The arguments were at fault.
  var isUsage = false

  /// 0: all hosts answered, and all agents are there where they are told of; 1: some or all did not; 2: wrong usage.
  var exitCode: Int32 {
    if isUsage { return 2 }
    if isError { return 1 }
    guard case .object(let answer)? = structured else { return 0 }
    if let failed = answer["summary"]?["failed"], failed != 0 { return 1 }
    return answer["agents"]?.array?.contains { $0["healthy"] == false } == true ? 1 : 0
  }
}
