import Testing

@testable import MCP

struct ServerCheckTests {
  @Test func descriptionsStayUnderWhatClientsCut() throws {
    try check(Fixture.tool("a", description: String(repeating: "x", count: 2047)))
    #expect(throws: MCPServerError.self) {
      try check(Fixture.tool("a", description: String(repeating: "x", count: 2048)))
    }
    #expect(throws: MCPServerError.self) {
      try check(Fixture.tool("a", description: String(repeating: "😀", count: 1024)))
    }
    #expect(throws: MCPServerError.self) { try check(Fixture.tool("a", description: "")) }
    #expect(throws: MCPServerError.self) { try check(instructions: String(repeating: "x", count: 2048)) }
    try check(instructions: String(repeating: "x", count: 2047))
  }

  @Test(arguments: ["", "a b", "é", "a.b", "a/b", String(repeating: "a", count: 65)])
  func namesAreOfTheFewCharactersThatAllClientsTake(_ name: String) {
    #expect(throws: MCPServerError.self) { try check(Fixture.tool(name)) }
  }

  @Test func namesAreUnique() {
    #expect(throws: MCPServerError.self) { try check(Fixture.tool("a"), Fixture.tool("a")) }
  }

  @Test(
    arguments: [
      ["type": "array"], [:], ["type": "object", "$schema": "x"], ["type": "object", "$defs": [:]],
      ["type": "object", "properties": ["a": ["oneOf": []]]],
      ["type": "object", "properties": ["a": ["items": ["$ref": "#"]]]],
      ["type": "object", "additionalProperties": ["anyOf": []]],
      ["type": "object", "properties": ["a": ["type": ["array", "string"]]]],
    ] as [JSON])
  func schemasThatBreakClientsAreRefused(_ schema: JSON) {
    var tool = Fixture.tool("a")
    tool.inputSchema = schema
    #expect(throws: MCPServerError.self) { try check(tool) }
    tool = Fixture.tool("a", outputSchema: schema)
    #expect(throws: MCPServerError.self) { try check(tool) }
  }

  @Test func aPropertyMayBeCalledAnything() throws {
    var tool = Fixture.tool("a")
    tool.inputSchema = [
      "type": "object", "properties": ["$ref": ["type": "string", "enum": ["oneOf"], "default": ["anyOf": 1]]],
    ]
    try check(tool)
  }

  @Test func readOnlyIsNotDestructive() {
    var tool = Fixture.tool("a")
    tool.annotations.destructive = true
    #expect(throws: MCPServerError.self) { try check(tool) }
  }

  private func check(_ tools: MCPTool..., instructions: String = "") throws {
    _ = try MCPServer(
      info: MCPServer.Info(name: "scout", title: "Scout", version: "1"), instructions: instructions, tools: tools)
  }
}
