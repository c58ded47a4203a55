import AgentAPI
import Foundation
import ServiceLifecycle
import Testing

/// Someone else's gRPC (Python's grpcio, code generated from Protocol/) as a client of `AgentServer`.
@Suite(.timeLimit(.minutes(3))) struct GRPCClientTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    .standardizedFileURL

  /// An interpreter that has grpcio and grpcio-tools: Deploy/python-envs.sh makes one.
  private static let python: String = {
    let environment = ProcessInfo.processInfo.environment
    let named =
      environment["SCOUT_TEST_PYTHON"] ?? (environment["SCOUT_TEST_PYTHON_ROOT"] ?? ".build/python")
      + "/grpc/bin/python"
    return named.hasPrefix("/") ? named : root.appending(path: named).path(percentEncoded: false)
  }()

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: python), "Deploy/python-envs.sh makes the interpreter"))
  func grpcioCallsEverything() async throws {
    let generated = FileManager.default.temporaryDirectory.appending(path: "scout-grpc-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: generated, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: generated) }

    let agent = ScriptedAgent()
    let passed = try await AgentHouse.serving(agent, grace: .seconds(30)) { port, running in
      let script = Self.root.appending(path: "Tests/AgentAPITests/Python/client.py")
      let client = try PythonProcess(
        Self.python,
        [
          script.path(percentEncoded: false), "127.0.0.1:\(port)",
          Self.root.appending(path: "Protocol").path(percentEncoded: false), generated.path(percentEncoded: false),
        ])
      var passed = 0
      for await line in client.lines {
        if line.hasPrefix("passed") { passed += 1 }
        if line == "READY" {
          // One watch, one deadline and one cancel: each was seen by the agent.
          await agent.until { $0.cancelled == 3 }
          await running.triggerGracefulShutdown()
        }
      }
      #expect(await client.status() == 0, "\(client.errors)")
      return passed
    }
    #expect(passed == 17)
  }
}
