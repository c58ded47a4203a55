import Foundation
import MCP
import TestFleet
import Testing

extension EndToEnd {
  /// The tool `query` over a real sshd.
  @Suite struct QueryTests {
    @Test(arguments: Rig.Wiring.inThisProcess)
    func anExitCodeIsAnAnswer(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let path = fleet.files.path + "/f"
        try Data("alpha\nbeta\n".utf8).write(to: URL(filePath: path))
        let found = try await rig.call("query", ["target": "host1", "command": ["grep", "-n", "beta", .string(path)]])
        #expect(found["stdout"] == "2:beta\n" && found["exit_code"] == 0)
        let none = try await rig.call("query", ["target": "host1", "command": .string("grep gamma '\(path)'")])
        #expect(none["exit_code"] == 1 && !none.outcome.isError)
        let wrong = try await rig.call("query", ["target": "host1", "command": ["ls", .string(path + ".none")]])
        #expect(wrong["exit_code"] == 2 && wrong["stderr"]?.string?.contains("No such file") == true)
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func argumentsAreDataToTheLastByte(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let name = "we'ird \"$(touch x)` ;|&>\n*"
        try Data("x\n".utf8).write(to: fleet.files.appending(path: name))
        let reply = try await rig.call(
          "query", ["target": "host1", "command": ["cat", .string("\(fleet.files.path)/\(name)")]])
        #expect(reply["stdout"] == "x\n" && reply["exit_code"] == 0, "\(reply.outcome.text)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fleet.files.path) == [name])
      }
    }

    @Test(arguments: [
      ["find", "/", "-delete"], ["sort", "-o", "/tmp/x", "/etc/hosts"], ["rm", "-rf", "/"],
      ["tail", "-f", "/etc/hosts"],
      ["cat", "/dev/zero"], ["env", "id"], ["rg", "--pre", "sh", "x"],
    ])
    func whatCouldWriteIsRefused(_ command: [String]) async throws {
      try await Rig.with(.link, hosts: 1) { rig, fleet in
        let reply = try await rig.call("query", ["target": "host1", "command": .array(command.map(JSON.string))])
        #expect(reply.codes == ["refused_by_policy"] && reply.outcome.isError, "\(reply.outcome.text)")
        #expect(fleet.loginCount == 0)
      }
    }

    @Test func outputIsBounded() async throws {
      try await Rig.with(.embedded, hosts: 1) { rig, fleet in
        let path = fleet.files.path + "/big"
        try Data(repeating: UInt8(ascii: "x"), count: 8 << 20).write(to: URL(filePath: path))
        let reply = try await rig.call("query", ["target": "host1", "command": ["cat", .string(path)]])
        #expect(reply["truncated"] == true && reply["exit_code"] == 0)
        #expect(reply.outcome.text.utf8.count < 300_000)
      }
    }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func aCommandThatRunsTooLongIsEndedOnTheHost(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        // Nobody writes into the fifo, so grep waits for ever.
        let reply = try await rig.call(
          "query", ["target": "host1", "command": ["grep", "x", .string(fifo)], "timeout_ms": 4000])
        #expect(reply.codes == ["timeout"] && reply.outcome.text.contains("is gone"), "\(reply.outcome.text)")
        #expect(try await noProcess(mentions: fifo))
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func aCallThatIsCancelledEndsTheCommandOnTheHost(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let fifo = fleet.files.path + "/fifo-\(UUID().uuidString)"
        #expect(mkfifo(fifo, 0o600) == 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            _ = try await rig.call(
              "query", ["target": "host1", "command": ["grep", "x", .string(fifo)], "timeout_ms": 60_000])
          }
          try await until { processes(mentioning: fifo) > 0 }
          group.cancelAll()
        }
        #expect(try await noProcess(mentions: fifo))
      }
    }
  }
}

/// Processes of this machine, which is every test host, with this text among their arguments; this one left out.
func processes(mentioning text: String) -> Int {
  let own = ProcessInfo.processInfo.processIdentifier
  let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return all.count { name in
    guard let pid = Int32(name), pid != own, let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")
    else { return false }
    return String(decoding: line, as: UTF8.self).contains(text)
  }
}

func noProcess(mentions text: String) async throws -> Bool {
  try await until { processes(mentioning: text) == 0 }
  return true
}
