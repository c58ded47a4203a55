import MCP
import Testing

@testable import Coordinator

@Suite struct ToolListTests {
  private func tools() async throws -> [MCPTool] {
    try await withCoordinator(VirtualAgent()) { ToolSet(core: $0).tools }
  }

  @Test func theListIsShortAndStable() async throws {
    let tools = try await tools()
    #expect(tools.map(\.name) == ["hosts", "read", "list", "query", "route"])
    let sizes = tools.map { tool in
      tool.inputSchema.serialized().count + (tool.outputSchema?.serialized().count ?? 0) + tool.description.utf8.count
        + 200
    }
    #expect(sizes.reduce(0, +) < 7500, "\(sizes)")
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

  /// Clients refuse structured content that misses the schema.
  @Test func answersConformToTheirSchemas() async throws {
    let agent = VirtualAgent(hosts: [("web1", VirtualHost(["/d/a": "x"])), ("web2", VirtualHost(["/d/a": "y"]))])
    agent.add("web3", VirtualHost())
    let calls: [(String, JSONObject)] = [
      ("hosts", [:]), ("read", ["target": "*:/d/a"]), ("read", ["target": "web1:/d/a", "limit": 1, "sha256": true]),
      ("list", ["target": "*:/d"]), ("query", ["target": "*", "command": ["cat", "/d/a"]]), ("route", ["host": "web1"]),
    ]
    try await withCoordinator(agent) { core in
      let tools = ToolSet(core: core)
      for (name, arguments) in calls {
        let outcome = try await core.call(name, arguments)
        let schema = tools.tools.first { $0.name == name }?.outputSchema
        #expect(outcome.structured.map { Self.conforms($0, schema ?? .null) } == true, "\(name): \(outcome.text)")
      }
    }
  }

  /// The part of JSON Schema that the tools use. Members that the schema does not name count as misses where it names any.
  private static func conforms(_ value: JSON, _ schema: JSON) -> Bool {
    switch schema["type"]?.string {
    case "object":
      guard let members = value.object else { return false }
      guard (schema["required"]?.array ?? []).allSatisfy({ members[$0.string ?? ""] != nil }) else { return false }
      guard let properties = schema["properties"]?.object else { return true }
      return members.allSatisfy { name, member in
        properties[name].map { conforms(member, $0) } ?? false
      }
    case "array": return value.array?.allSatisfy { conforms($0, schema["items"] ?? .null) } ?? false
    case "string": return value.string != nil
    case "integer": return value.integer != nil
    case "boolean": return value.bool != nil
    default: return true
    }
  }
}
