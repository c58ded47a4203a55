/// What a client says it can read. A missing field admits nothing, since clients must send it. A value.
/// Source: RFC 9110 section 12.5.1; weights are not compared, but `q=0` excludes.
struct Accept: Sendable, Hashable {
  private(set) var hasJSON = false
  private(set) var hasEventStream = false

  init(_ request: MCPHTTPRequest) {
    for line in request.values("accept") {
      for range in line.utf8.split(separator: UInt8(ascii: ",")) { admit(Substring(range)) }
    }
  }

  private mutating func admit(_ range: Substring) {
    let parts = HeaderValue.parameters(range)
    guard !parts.dropFirst().contains(where: Self.isZeroWeight) else { return }
    switch parts.first {
    case "*/*":
      hasJSON = true
      hasEventStream = true
    case "application/json", "application/*": hasJSON = true
    case "text/event-stream", "text/*": hasEventStream = true
    default: return
    }
  }

  private static func isZeroWeight(_ parameter: String) -> Bool {
    parameter.hasPrefix("q=") && Double(parameter.dropFirst(2)) == 0
  }
}

enum ContentType {
  /// One field, `application/json`, in UTF-8 if it says so.
  static func isJSON(_ lines: [String]) -> Bool {
    guard lines.count == 1 else { return false }
    let parts = HeaderValue.parameters(lines[0][...])
    return parts.first == "application/json"
      && parts.dropFirst().allSatisfy {
        !$0.hasPrefix("charset=") || ["charset=utf-8", "charset=\"utf-8\""].contains($0)
      }
  }
}
