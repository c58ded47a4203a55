import Foundation
import TestFleet
import Testing

extension EndToEnd {
  /// Real MCP clients of every age, over HTTP and stdio, running the whole set of tools on real hosts. Their environments
  /// are made by Deploy/python-envs.sh.
  @Suite(.enabled(if: Environments.exist, "run Deploy/python-envs.sh first")) struct ClientTests {
    /// An environment, the revision that it must agree on, and what its client is told. The oldest speaks stdio only.
    static let clients: [[String]] = [
      ["mcp-2.3.0", "2026-07-28", "--mode", "auto"], ["mcp-2.3.0", "2025-11-25", "--mode", "legacy"],
      ["mcp-2.3.0", "2026-07-28", "--mode", "2026-07-28"], ["mcp-1.30.0", "2025-11-25"], ["mcp-1.12.4", "2025-06-18"],
      ["mcp-1.9.4", "2025-03-26"], ["fastmcp", "2026-07-28", "--client", "fastmcp"],
    ]

    private func calls(_ fleet: TestFleet) -> String {
      """
      [{"tool": "hosts", "contains": "host2"},
       {"tool": "read", "arguments": {"target": "*:\(fleet.files.path)/f"}, "contains": "hello", "progress": true},
       {"tool": "read", "arguments": {"target": "host1:/nothing"}, "error": true, "contains": "not_found"},
       {"tool": "list", "arguments": {"target": "host1:\(fleet.files.path)"}, "contains": "f"},
       {"tool": "query", "arguments": {"target": "host1", "command": ["wc", "-c", "\(fleet.files.path)/f"]}, "contains": "5"},
       {"tool": "query", "arguments": {"target": "host1", "command": "rm -rf /"}, "error": true, "contains": "refused_by_policy"},
       {"tool": "route", "arguments": {"host": "host2"}, "contains": "host2: through "},
       {"tool": "route", "arguments": {"host": "host9"}, "error": true, "contains": "host9"}]
      """
    }

    private func run(_ client: [String], _ fleet: TestFleet, _ server: [String]) async throws {
      let (status, output) = try await programRun(
        Environments.root.appending(path: "\(client[0])/bin/python").path,
        [
          Environments.repository.appending(path: "Tests/Python/clients.py").path, "--calls", calls(fleet),
          "--expect-version", client[1],
        ] + client.dropFirst(2) + server)
      #expect(status == 0, "\(client): \(output)")
    }

    @Test(arguments: clients) func overHTTP(_ client: [String]) async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try Data("hello".utf8).write(to: fleet.files.appending(path: "f"))
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath])
        try await run(client, fleet, ["--url", "http://127.0.0.1:\(try await coordinator.port())/mcp"])
      }
    }

    @Test(arguments: clients + [["mcp-1.6.0", "2024-11-05"]]) func overStdio(_ client: [String]) async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try Data("hello".utf8).write(to: fleet.files.appending(path: "f"))
        try await run(
          client, fleet,
          [
            "--command", ScoutProcess.binary.path, "coordinator", "--transport", "stdio", "--ssh-config",
            fleet.configPath,
          ])
      }
    }

    @Test func answersHaveTheMembersOfTheirRevisionAndNoOthers() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        try Data("hello".utf8).write(to: fleet.files.appending(path: "f"))
        try Data([0xFF, 0xFE]).write(to: fleet.files.appending(path: "binary"))
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath])
        let files = fleet.files.path
        let calls = """
          [{"tool": "hosts"}, {"tool": "read", "arguments": {"target": "*:\(files)/f", "sha256": true}},
           {"tool": "read", "arguments": {"targets": ["*:\(files)/f", "host1:\(files)/binary", "host2:/nothing"], "limit": 2}},
           {"tool": "read", "arguments": {"target": "host1:/nothing"}}, {"tool": "list", "arguments": {"target": "*:\(files)"}},
           {"tool": "list", "arguments": {"target": "host1:\(files)", "depth": 3, "limit": 1}},
           {"tool": "query", "arguments": {"target": "*", "command": ["cat", "\(files)/f", "/nothing"]}},
           {"tool": "query", "arguments": {"target": "host1", "command": "rm -rf /"}},
           {"tool": "read", "arguments": {"nonsense": 1}}, {"tool": "route", "arguments": {"host": "host1"}},
           {"tool": "hosts", "arguments": {"select": "host1"}}]
          """
        let (status, output) = try await programRun(
          Environments.root.appending(path: "mcp-2.3.0/bin/python").path,
          [
            Environments.repository.appending(path: "Tests/Python/answers.py").path, "--calls", calls, "--url",
            "http://127.0.0.1:\(try await coordinator.port())/mcp",
          ])
        #expect(status == 0 && output.hasPrefix("ok"), "\(output)")
      }
    }

    @Test func theConformanceCheckerPasses() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let coordinator = try ScoutProcess(["coordinator", "--http-port", "0", "--ssh-config", fleet.configPath])
        let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
        let (status, output) = try await programRun(
          Environments.root.appending(path: "mcpcheck/bin/mcpcheck").path,
          [url, "--legacy-probes", "--strict", "--no-color"])
        #expect(status == 0, "\(output)")
      }
    }
  }
}

/// Where the Python environments and this repository are.
private enum Environments {
  static let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let root =
    ProcessInfo.processInfo.environment["SCOUT_TEST_PYTHON_ROOT"].map { URL(filePath: $0) }
    ?? repository.appending(path: ".build/python")
  static var exist: Bool { FileManager.default.fileExists(atPath: root.appending(path: "mcp-2.3.0").path) }
}
