/// What this server is: its name, its instructions, its tools. Immutable; answers whatever needs no memory. A value.
package struct MCPServer: Sendable {
  package struct Info: Sendable, Hashable {
    package var name: String
    package var title: String
    package var version: String

    package init(name: String, title: String, version: String) {
      self.name = name
      self.title = title
      self.version = version
    }
  }

  package struct Limits: Sendable, Hashable {
    /// Of one message, in bytes and nesting.
    package var message = JSONParser.Bounds()
    /// Messages in one batch.
    package var batch = 32
    /// Tools on one page of `tools/list`.
    package var page = 50
    /// How long a client may keep `server/discover` and `tools/list`, in milliseconds; 0 for not at all.
    package var cacheMilliseconds: Int64 = 300_000

    package init() {}
  }

  package let info: Info
  package let instructions: String
  package let tools: [MCPTool]
  package let limits: Limits
  private let names: Set<String>

  /// Throws where a client in the field would cut, refuse or misread what the server says of itself: see `ServerCheck`.
  package init(info: Info, instructions: String, tools: [MCPTool], limits: Limits = Limits()) throws(MCPServerError) {
    try ServerCheck.check(info: info, instructions: instructions, tools: tools)
    self.info = info
    self.instructions = instructions
    self.tools = tools
    self.limits = limits
    self.names = Set(tools.map(\.name))
  }

  func hasTool(_ name: String) -> Bool { names.contains(name) }

  func infoJSON(_ revision: MCPRevision) -> JSON {
    var members: JSONObject = ["name": .string(info.name), "version": .string(info.version)]
    if revision.hasTitles { members["title"] = .string(info.title) }
    return .object(members)
  }
}

/// The server's description of itself would not work with real clients.
package struct MCPServerError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String

  package var description: String { message }
}
