import Enrollment
import Foundation
import MCP
import Synchronization
import SystemPackage
import TestFleet
import Testing

@testable import scout

/// Reads all the time, and what failed of it. Sendable: state behind a lock.
private final class Load: Sendable {
  private struct State {
    var isOver = false
    var reads = 0
    var failures: [String] = []
  }

  private let state = Mutex(State())

  var failures: [String] { state.withLock { $0.failures } }
  var reads: Int { state.withLock { $0.reads } }
  func end() { state.withLock { $0.isOver = true } }

  func run(_ url: String) async throws {
    let caller = RemoteToolCaller(url: url, apiKey: nil, timeout: nil)
    while !state.withLock({ $0.isOver }) {
      let result = try await caller.call("read", ["targets": .array(["host1:/etc/hostname"])])
      state.withLock { state in
        state.reads += 1
        if result.exitCode != 0 { state.failures.append("\(Date()) \(url): \(result.text)") }
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

/// An authority in the place of another, while everything runs.
extension FleetTests.JoinTests {
  private func pki(
    _ folder: String, _ words: String...
  ) async throws -> (code: Int32, output: String, errors: String) {
    try await ScoutProcess.run(["pki", words[0], "--pki", folder + "/pki"] + words.dropFirst())
  }

  private func agent(_ fleet: TestFleet, _ state: String, _ ports: [Int]) throws -> ScoutProcess {
    try ScoutProcess(
      ["agent", "--state-dir", state, "--ssh-config", fleet.configPath, "--listen", "127.0.0.1:0"]
        + ports.flatMap { ["--coordinator", "127.0.0.1:\($0)"] })
  }

  private func issue(_ folder: String, _ coordinator: ScoutProcess) async throws -> String {
    let made = try await pki(
      folder, "issue", "--name", "c2", "--enroll", "127.0.0.1:\(port("machines may join", of: coordinator))",
      folder + "/c2")
    #expect(made.code == 0, "\(made)")
    return made.output
  }

  /// Three coordinators (one that agents dial, one with the same folder that dials an agent, one with a certificate alone) and two
  /// agents, one of which is restarted in the middle. No read fails.
  @Test(.timeLimit(.minutes(6))) func anAuthorityIsRotatedUnderLoadWithoutAFailedRead() async throws {
    try await withCoordinator { folder, fleet, coordinator in
      let spent = try await token(folder)
      for (name, token) in [("a", spent), ("b", try await token(folder, "agent-b"))] {
        let joined = try await join(coordinator, token, folder + "/" + name)
        #expect(joined.code == 0, "\(joined)")
      }
      let old = try Authority.open(at: FilePath(folder + "/pki"))
      _ = try await issue(folder, coordinator)
      let second = try ScoutProcess([
        "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/c2", "--agent-listen",
        "127.0.0.1:0",
      ])
      _ = try await second.port()
      let ports = [try port("agents may dial in", of: coordinator), try port("agents may dial in", of: second)]
      let first = try agent(fleet, folder + "/a", ports)
      var other = try agent(fleet, folder + "/b", ports)
      let dialling = try ScoutProcess([
        "coordinator", "--http-port", "0", "--no-embedded-agent", "--pki", folder + "/pki", "--agent",
        "dc1=https://127.0.0.1:\(try await first.port())",
      ])
      var urls: [String] = []
      for process in [coordinator, second, dialling] {
        urls.append("http://127.0.0.1:\(try await process.port())/mcp")
      }
      for url in urls {
        try await until {
          let route = try await ScoutProcess.run(["route", "host1", "--url", url])
          return url == urls[2]
            ? try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url]).code == 0
            : route.output.contains("dc1/agent-a (") && route.output.contains("dc1/agent-b (")
        }
      }

      let load = Load()
      try await withThrowingTaskGroup(of: Void.self) { readers in
        for url in urls { readers.addTask { try await load.run(url) } }
        defer { load.end() }

        let begun = try await pki(folder, "rotate")
        #expect(begun.code == 0 && begun.output.contains(old.pin.text), "\(begun)")
        let shown = try await pki(folder, "show")
        #expect(shown.output.contains("not moved: spiffe://scout/agent/dc1/agent-a"), "\(shown)")
        #expect(shown.output.contains("not moved: spiffe://scout/coordinator/c2"), "\(shown)")
        let again = try await pki(folder, "rotate")
        #expect(again.code == 2 && again.errors.contains("being rotated already"), "\(again)")
        let early = try await pki(folder, "rotate", "--finish")
        #expect(early.code == 2 && early.errors.contains("dc1/agent-a") && early.errors.contains("c2"), "\(early)")
        let examined = try await ScoutProcess.run(["doctor", "--no-embedded-agent", "--pki", folder + "/pki"])
        #expect(examined.output.contains("is being rotated"), "\(examined)")

        // In the middle: it has learned of the new authority, or not.
        try await Task.sleep(for: .seconds(Double.random(in: 0...10)))
        other.signal(SIGTERM)
        #expect(try await other.end(within: .seconds(10)) == 0)
        other = try agent(fleet, folder + "/b", ports)

        try await until(within: .seconds(150)) {
          try await Task.sleep(for: .seconds(1))
          return try await !pki(folder, "show").output.contains("not moved: spiffe://scout/agent")
        }
        let behind = try await pki(folder, "rotate", "--finish")
        #expect(behind.code == 2 && behind.errors.contains("coordinator/c2"), "\(behind)")
        #expect(!behind.errors.contains("agent-"), "\(behind)")
        let issued = try await issue(folder, coordinator)
        #expect(!issued.contains("old authority"), "\(issued)")
        try await until(within: .seconds(60)) {
          try await Task.sleep(for: .seconds(1))
          let output = try await pki(folder, "show").output
          return output.contains("3 of 3 have moved") && !output.contains("not seen here")
        }
        // Two are trusted for a minute at least.
        try await until(within: .seconds(60)) {
          let finished = try await pki(folder, "rotate", "--finish")
          #expect(!finished.errors.contains("needed by") && !finished.output.contains(old.pin.text), "\(finished)")
          return finished.code == 0
        }
        // One for the beginning, one for the end.
        for process in [coordinator, second, dialling, first] {
          try await until(within: .seconds(60)) {
            process.errors.ranges(of: "authorities read anew").count == 2
          }
        }
        try await until(within: .seconds(60)) {
          try CertificateStore(FilePath(folder + "/b/certificates")).load()?.trusted.count == 1
        }
        // Links that were made with the old one's certificates have drained.
        try await Task.sleep(for: .seconds(5))
        load.end()
        try await readers.waitForAll()
      }
      #expect(load.failures.isEmpty, "\(load.failures.count) of \(load.reads): \(load.failures.prefix(3))")
      #expect(load.reads > 300, "\(load.reads)")
      for url in urls {
        let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url])
        #expect(read.code == 0, "\(read)")
      }

      // A certificate of the old authority is good for nothing, and its tokens say why.
      let late = CertificateStore(FilePath(folder + "/late/certificates"))
      try FileManager.default.createDirectory(
        atPath: folder + "/late", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let trusted = try #require(try CertificateStore(FilePath(folder + "/a/certificates")).load()).trusted
      try late.install(
        old.issueWithKey(.agent(segment: "dc1", name: "late", in: old.trustDomain), now: .now),
        trusting: [old.certificate] + trusted)
      try "127.0.0.1:1\n".write(toFile: folder + "/late/enrollment", atomically: true, encoding: .utf8)
      let refused = try agent(fleet, folder + "/late", ports)
      try await until { refused.errors.contains("A coordinator cannot be joined") }
      #expect(!refused.errors.contains("A coordinator is joined"), "\(refused.errors)")
      let tooLate = try await join(coordinator, spent, folder + "/c")
      #expect(tooLate.code == 2 && tooLate.errors.contains("make another token"), "\(tooLate)")
      let anew = try await join(coordinator, token(folder, "agent-d"), folder + "/d")
      #expect(anew.code == 0, "\(anew)")
      for process in [dialling, second] {
        process.signal(SIGTERM)
        #expect(try await process.end(within: .seconds(6)) == 0)
      }
    }
  }

  /// The operator takes it back, and nobody notices; a coordinator that was stopped meanwhile starts with what is there.
  @Test(.timeLimit(.minutes(3))) func aRotationIsAborted() async throws {
    try await withCoordinator { folder, fleet, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      for usage in [["--finish", "--abort"], ["--force"]] {
        let wrong = try await ScoutProcess.run(["pki", "rotate", "--pki", folder + "/pki"] + usage)
        #expect(wrong.code != 0, "\(wrong)")
      }
      let none = try await pki(folder, "rotate", "--finish")
      #expect(none.code == 2 && none.errors.contains("not being rotated"), "\(none)")
      #expect(try await pki(folder, "rotate").code == 0)
      try await until { coordinator.errors.ranges(of: "authorities read anew").count == 1 }
      let agent = try agent(fleet, folder + "/a", [try port("agents may dial in", of: coordinator)])
      try await until { agent.errors.contains("authorities read anew") }
      // A token from the middle works.
      let another = try await join(coordinator, token(folder, "agent-b"), folder + "/b")
      #expect(another.code == 0, "\(another)")
      let aborted = try await pki(folder, "rotate", "--abort")
      #expect(aborted.code == 0, "\(aborted)")
      try await until { coordinator.errors.ranges(of: "authorities read anew").count == 2 }
      let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
      let read = try await ScoutProcess.run(["read", "host1:/etc/hostname", "--url", url])
      #expect(read.code == 0 && agent.isRunning, "\(read)")
    }
  }

  /// Where the folder was stolen: everybody is out at once, and comes back by a token, without a restart of anything.
  @Test(.timeLimit(.minutes(3))) func aStolenAuthorityIsReplacedAtOnce() async throws {
    try await withCoordinator { folder, fleet, coordinator in
      let joined = try await join(coordinator, token(folder), folder + "/a")
      #expect(joined.code == 0, "\(joined)")
      let agent = try agent(fleet, folder + "/a", [try port("agents may dial in", of: coordinator)])
      let url = "http://127.0.0.1:\(try await coordinator.port())/mcp"
      func read(_ timeout: Int = 10_000) async throws -> Int32 {
        try await ScoutProcess.run([
          "read", "host1:/etc/hostname", "--url", url, "--timeout-ms", "\(timeout)",
        ]).code
      }
      try await until { try await read() == 0 }
      #expect(try await pki(folder, "rotate").code == 0)
      let forced = try await pki(folder, "rotate", "--finish", "--force")
      #expect(forced.code == 0 && forced.output.contains("thrown out: spiffe://scout/agent/dc1/agent-a"), "\(forced)")
      try await until { agent.errors.contains("A coordinator cannot be joined") }
      #expect(try await read(1000) == 1)
      let again = try await join(coordinator, token(folder), folder + "/a")
      #expect(again.code == 0, "\(again)")
      try await until(within: .seconds(90)) { try await read(2000) == 0 }
      #expect(agent.isRunning)
    }
  }
}
