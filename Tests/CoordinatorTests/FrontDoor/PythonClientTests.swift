import Coordinator
import Foundation
import MCP
import Testing

/// Real clients of every age against a real listener. Their environments are made by Deploy/python-envs.sh.
@Suite(.enabled(if: PythonClients.exist, "run Deploy/python-envs.sh first"))
struct PythonClientTests {
  struct Client: Sendable, CustomTestStringConvertible {
    var environment: String
    var arguments: [String]
    var testDescription: String { ([environment] + arguments).joined(separator: " ") }
  }

  static let clients = [
    Client(environment: "mcp-2.3.0", arguments: ["--mode", "auto", "--expect-version", "2026-07-28"]),
    Client(environment: "mcp-2.3.0", arguments: ["--mode", "legacy", "--expect-version", "2025-11-25"]),
    Client(environment: "mcp-2.3.0", arguments: ["--mode", "2026-07-28"]),
    Client(environment: "mcp-1.30.0", arguments: ["--expect-version", "2025-11-25"]),
    Client(environment: "mcp-1.12.4", arguments: ["--expect-version", "2025-06-18"]),
    Client(environment: "mcp-1.9.4", arguments: ["--expect-version", "2025-03-26"]),
    Client(environment: "fastmcp", arguments: ["--client", "fastmcp"]),
  ]

  private static let calls = """
    [{"tool": "echo", "arguments": {"text": "hello"}, "contains": "hello"}, {"tool": "fail", "error": true},
     {"tool": "progress", "arguments": {"steps": 3, "ms": 130}, "progress": true}]
    """

  @Test(arguments: clients) func callsTools(client: Client) async throws {
    try await RunningDoor.with {
      $0.apiKeys = try APIKey.list("tests:let-me-in")
    } _: { door in
      let run = try await PythonClients.run(
        client.environment, "bin/python",
        [PythonClients.script("clients.py"), "--url", "http://127.0.0.1:\(door.port)/mcp", "--key", "let-me-in"]
          + ["--calls", Self.calls] + client.arguments)
      #expect(run.status == 0, "\(run.output)")
    }
  }

  @Test func conformanceCheckerPasses() async throws {
    try await RunningDoor.with { door in
      let run = try await PythonClients.run(
        "mcpcheck", "bin/mcpcheck", ["http://127.0.0.1:\(door.port)/mcp", "--legacy-probes", "--strict", "--no-color"])
      #expect(run.status == 0, "\(run.output)")
    }
  }
}

/// The Python environments and how to run something in one of them.
enum PythonClients {
  private static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let root =
    ProcessInfo.processInfo.environment["SCOUT_TEST_PYTHON_ROOT"].map { URL(fileURLWithPath: $0) }
    ?? repository.appendingPathComponent(".build/python")

  static var exist: Bool { FileManager.default.fileExists(atPath: root.appendingPathComponent("mcp-2.3.0").path) }

  static func script(_ name: String) -> String { repository.appendingPathComponent("Tests/Python/\(name)").path }

  static func run(_ environment: String, _ program: String, _ arguments: [String]) async throws
    -> (status: Int32, output: String)
  {
    try await Command.run(root.appendingPathComponent(environment).appendingPathComponent(program).path, arguments)
  }
}
