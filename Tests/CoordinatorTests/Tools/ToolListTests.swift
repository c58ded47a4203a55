import MCP
import Testing

@testable import Coordinator

@Suite struct ToolListTests {
  private func tools() async throws -> [MCPTool] {
    try await withCoordinator(VirtualAgent()) { ToolSet(core: $0).tools }
  }

  @Test func theListIsShortAndStable() async throws {
    let tools = try await tools()
    #expect(tools.map(\.name) == ["hosts", "read", "list", "query"])
    let sizes = tools.map { tool in
      tool.inputSchema.serialized().count + (tool.outputSchema?.serialized().count ?? 0) + tool.description.utf8.count
        + 200
    }
    #expect(sizes.reduce(0, +) < 6500, "\(sizes)")
    #expect(try await self.tools() == tools)
    #expect(tools.allSatisfy { $0.annotations.readOnly && !$0.annotations.destructive && $0.annotations.idempotent })
  }

  @Test func schemasAreFlat() async throws {
    for tool in try await tools() {
      for schema in [tool.inputSchema, tool.outputSchema ?? nil] {
        let text = String(decoding: schema.serialized(), as: UTF8.self)
        for word in ["$ref", "$defs", "$schema", "oneOf", "anyOf", "allOf"] { #expect(!text.contains("\"\(word)\"")) }
        #expect(schema["type"] == "object")
      }
      #expect(tool.inputSchema["additionalProperties"] == false)
    }
  }

  /// Every argument that the schema shows is taken, and every one that is taken is shown.
  @Test func schemaAndArgumentsAgree() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/a": "x"]))])
    try await withCoordinator(agent) { core in
      for tool in ToolSet(core: core).tools {
        let refused = try await core.call(tool.name, ["no_such_argument": 1])
        let names = refused.text.split(separator: "It takes: ").last?.dropLast().split(separator: ", ").map(String.init)
        #expect(Set(names ?? []) == Set((tool.inputSchema["properties"]?.object ?? [:]).keys))
      }
      await #expect(throws: MCPInvalidParams.self) { try await core.call("nothing", [:]) }
    }
  }
}
