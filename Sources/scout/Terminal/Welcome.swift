/// What a person needs to know when the coordinator stands. A value.
struct Welcome {
  let url: String
  let hosts: [String]
  let needsKey: Bool

  /// Host names that are printed.
  static let shown = 12

  var text: String {
    let header = needsKey ? " --header \"Authorization: Bearer $SCOUT_API_KEY\"" : ""
    let headers = needsKey ? ", \"headers\": {\"Authorization\": \"Bearer YOUR_KEY\"}" : ""
    let names = hosts.prefix(Self.shown).joined(separator: ", ")
    let others = hosts.count > Self.shown ? ", and \(hosts.count - Self.shown) more: `scout hosts`" : ""
    return """

      Scout answers MCP at \(url)

        Claude Code   claude mcp add --transport http scout \(url)\(header)
        Cursor        ~/.cursor/mcp.json:  {"mcpServers": {"scout": {"url": "\(url)"\(headers)}}}
        VS Code       .vscode/mcp.json:    {"servers": {"scout": {"type": "http", "url": "\(url)"\(headers)}}}

        \(hosts.count) hosts   \(hosts.isEmpty ? "none yet: add some to ~/.ssh/config" : names + others)

      Ctrl-C ends it.


      """
  }
}
