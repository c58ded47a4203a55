import MCP

/// What a tool answered, from this process or from a coordinator elsewhere. A value.
struct ToolResult: Sendable {
  var structured: JSON?
  var text: String
  var isError: Bool

  /// 0: all hosts answered; 1: some or all did not.
  var exitCode: Int32 {
    if isError { return 1 }
    guard case .object(let answer)? = structured, case .object(let summary)? = answer["summary"],
      case .int(let failed)? = summary["failed"]
    else { return 0 }
    return failed == 0 ? 0 : 1
  }
}
