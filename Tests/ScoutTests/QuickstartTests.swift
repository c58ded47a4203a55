import Foundation
import TestFleet
import Testing

extension EndToEnd {
  /// The README's first command, but for the build.
  @Suite struct QuickstartTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Deploy/quickstart.sh")

    /// With the signals of a terminal: the threads of a test may block them, and a shell leaves what it inherits.
    private func quickstart(_ arguments: [String], in folder: URL) throws -> ScoutProcess {
      try ScoutProcess(
        ["--default-signal=INT,TERM", Self.script.path] + arguments + ["--http-port", "0"],
        environment: ["SCOUT_BINARY": ScoutProcess.binary.path, "TMPDIR": folder.path],
        binary: URL(filePath: "/usr/bin/env"))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func theDemoServesUntilItIsEndedAndLeavesNothing(_ signal: Int32) async throws {
      let folder = FileManager.default.temporaryDirectory.appending(path: "scout-quickstart-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: folder) }
      let demo = try quickstart(["--demo"], in: folder)
      let url = "http://127.0.0.1:\(try await demo.port())/mcp"
      try await until { (demo.output + demo.errors).contains("claude mcp add --transport http scout \(url)") }
      #expect((demo.output + demo.errors).contains("web1, web2, db1"))
      let read = try await ScoutProcess.run(["read", "*:~/etc/app.yaml", "--url", url])
      #expect(read.code == 0 && read.output.contains("workers: 8"), "\(read)")
      let query = try await ScoutProcess.run(["query", "web*", "--url", url, "--", "grep", "-c", "WARN", "log/app.log"])
      #expect(query.code == 0 && query.output.contains("3"), "\(query)")

      demo.signal(signal)
      #expect(try await demo.end(within: .seconds(10)) == 0, "\(demo.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
      #expect(try await noProcess(mentions: folder.path))
    }

    @Test func hostsThatAreNamedAreServed() async throws {
      try await TestFleet.with(hosts: 2) { fleet in
        let own = try quickstart(["--ssh-config", fleet.configPath], in: fleet.directory)
        let url = "http://127.0.0.1:\(try await own.port())/mcp"
        let read = try await ScoutProcess.run(["read", "*:/etc/hostname", "--url", url])
        #expect(read.code == 0 && read.output.contains("2 of 2"), "\(read)")
        own.signal(SIGTERM)
        #expect(try await own.end(within: .seconds(10)) == 0, "\(own.errors)")
      }
    }
  }
}
