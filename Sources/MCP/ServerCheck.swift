/// What real clients cut, refuse or break on, checked before anything is served.
enum ServerCheck {
  /// Claude Code cuts instructions and descriptions here; counted in UTF-16 units as JavaScript does.
  static let textLimit = 2048
  /// Schema words on which real clients break; `$schema` is left out since 2020-12 is understood.
  static let refusedKeywords: Set = ["$schema", "$ref", "$defs", "definitions", "oneOf", "anyOf", "allOf"]

  static func check(info: MCPServer.Info, instructions: String, tools: [MCPTool]) throws(MCPServerError) {
    guard !info.name.isEmpty, !info.version.isEmpty else {
      throw MCPServerError(message: "the server needs a name and a version")
    }
    guard instructions.utf16.count < textLimit else {
      throw MCPServerError(message: "the instructions must stay under \(textLimit) characters")
    }
    var names: Set<String> = []
    for tool in tools {
      guard names.insert(tool.name).inserted else {
        throw MCPServerError(message: "two tools are called \(tool.name)")
      }
      try check(tool)
    }
  }

  private static func check(_ tool: MCPTool) throws(MCPServerError) {
    guard (1...64).contains(tool.name.utf8.count), tool.name.utf8.allSatisfy(isNameByte) else {
      throw MCPServerError(message: "a tool's name is 1 to 64 of [a-zA-Z0-9_-], not \"\(tool.name)\"")
    }
    guard !tool.description.isEmpty, tool.description.utf16.count < textLimit else {
      throw MCPServerError(message: "the description of \(tool.name) must be 1 to \(textLimit - 1) characters")
    }
    for (role, schema) in [("input", tool.inputSchema), ("output", tool.outputSchema ?? ["type": "object"])] {
      guard schema["type"] == "object" else {
        throw MCPServerError(message: "the \(role) schema of \(tool.name) must have type object")
      }
      if let keyword = refusedKeyword(in: schema) {
        throw MCPServerError(message: "the \(role) schema of \(tool.name) uses \(keyword), on which clients break")
      }
    }
    if tool.annotations.readOnly, tool.annotations.destructive {
      throw MCPServerError(message: "\(tool.name) cannot be both read-only and destructive")
    }
  }

  /// Looks at schemas only: a property may well be called `$ref`, and `default`, `enum`, `const`, `examples` are data.
  private static func refusedKeyword(in schema: JSON) -> String? {
    guard let members = schema.object else { return nil }
    if let keyword = members.keys.first(where: refusedKeywords.contains) { return keyword }
    if members["type"]?.array != nil { return "a list of types" }
    for (keyword, value) in members {
      switch keyword {
      case "properties", "patternProperties":
        for (_, property) in value.object ?? [:] {
          if let found = refusedKeyword(in: property) { return found }
        }
      case "items", "additionalProperties", "prefixItems", "contains", "not", "propertyNames":
        for child in value.array ?? [value] {
          if let found = refusedKeyword(in: child) { return found }
        }
      default: continue
      }
    }
    return nil
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
