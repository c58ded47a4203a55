import Foundation
import MCP
import TestFleet
import Testing

extension EndToEnd {
  /// The tool `read` over a real sshd, by every wiring.
  @Suite struct ReadTests {
    @Test(arguments: Rig.Wiring.allCases)
    func oddPathsReadRight(_ wiring: Rig.Wiring) async throws {
      let names = [
        "a b", "it's \"quoted\"", "new\nline", "-leading", "..data", "$(id)`id`;&", "ünïcode", "a:b", "*", "~x",
      ]
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        for name in names {
          try Data("content of \(name)".utf8).write(to: fleet.files.appending(path: name))
          let reply = try await rig.call("read", ["target": .string("host1:\(fleet.files.path)/\(name)")])
          #expect(reply["content"]?.string == "content of \(name)", "\(name.debugDescription): \(reply.outcome.text)")
        }
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func whatIsNotAFileSaysWhatItIs(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let folder = try await rig.call("read", ["target": .string("host1:\(fleet.files.path)")])
        #expect(folder.codes == ["not_a_file"] && folder.outcome.isError)
        let missing = try await rig.call("read", ["target": .string("host1:\(fleet.files.path)/nothing")])
        #expect(missing.codes == ["not_found"])
        let device = try await rig.call("read", ["target": "host1:/dev/zero", "timeout_ms": 5000])
        #expect(device.codes == ["not_a_file"])
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func binaryComesAsBase64(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let bytes = Data((0...255).map { UInt8($0) })
        try bytes.write(to: fleet.files.appending(path: "binary"))
        let reply = try await rig.call("read", ["target": .string("host1:\(fleet.files.path)/binary"), "sha256": true])
        #expect(reply["encoding"] == "base64")
        #expect(reply["content"]?.string == bytes.base64EncodedString())
        #expect(reply["sha256"]?.string == "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880")
      }
    }

    /// Also where less comes than the agent has read: for base64 takes more, and a character is not cut in two.
    @Test(arguments: [Data(repeating: 0xFF, count: 200_000), Data(String(repeating: "\u{e9}", count: 60_000).utf8)])
    func theDigestIsOfTheContent(_ bytes: Data) async throws {
      try await Rig.with(.link, hosts: 1) { rig, fleet in
        try bytes.write(to: fleet.files.appending(path: "f"))
        for limit in [nil, 1001] as [Int64?] {
          var arguments: JSONObject = ["target": .string("host1:\(fleet.files.path)/f"), "sha256": true]
          arguments["limit"] = limit.map(JSON.int)
          let reply = try await rig.call("read", arguments)
          let content = reply["content"]?.string ?? ""
          let shown = reply["encoding"] == "base64" ? Data(base64Encoded: content) : Data(content.utf8)
          let copy = fleet.directory.appending(path: "shown")
          try #require(shown).write(to: copy)
          let digest = try await run("/usr/bin/sha256sum", [copy.path]).prefix(64)
          #expect(reply["sha256"]?.string == String(digest), "\(reply.outcome.text.prefix(300))")
        }
      }
    }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func partsOfAFile(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let text = (1...100_000).map { "line \($0)\n" }.joined()
        try Data(text.utf8).write(to: fleet.files.appending(path: "lines"))
        let target = JSON.string("host1:\(fleet.files.path)/lines")
        let head = try await rig.call("read", ["target": target, "head": 2])
        #expect(head["content"] == "line 1\nline 2\n")
        let tail = try await rig.call("read", ["target": target, "tail": 2])
        #expect(tail["content"] == "line 99999\nline 100000\n")
        let middle = try await rig.call("read", ["target": target, "offset": 5, "limit": 4])
        #expect(middle["content"] == "1\nli" && middle["truncated"] == true && middle["next_offset"] == 9)
        let exact = try await rig.call(
          "read", ["target": target, "offset": .int(Int64(text.utf8.count - 3)), "limit": 3])
        #expect(exact["content"] == "00\n" && exact["truncated"] == false)
        let most = try await rig.call("read", ["target": target, "limit": 500_000])
        #expect(most["content"]?.string.map { text.hasPrefix($0) } == true)
      }
    }

    @Test func filesOfProcAreRead() async throws {
      try await Rig.with(.embedded, hosts: 1) { rig, _ in
        let whole = try await rig.call("read", ["target": "host1:/proc/version"])
        #expect(whole["content"]?.string?.hasPrefix("Linux") == true)
        let tail = try await rig.call("read", ["target": "host1:/proc/meminfo", "tail": 1])
        #expect(tail["content"]?.string?.hasPrefix("DirectMap") == true, "\(tail.outcome.text)")
        // It says 4096 bytes and holds a few.
        let setting = try await rig.call("read", ["target": "host1:/sys/class/net/lo/mtu", "tail": 1])
        #expect(setting["content"] == "65536\n", "\(setting.outcome.text)")
      }
    }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func equalFilesOfManyHostsAreOneGroup(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 20) { rig, fleet in
        try Data("same".utf8).write(to: fleet.files.appending(path: "f"))
        let reply = try await rig.call("read", ["target": .string("*:\(fleet.files.path)/f")])
        #expect(reply.groups.count == 1 && reply.answeredHosts == 20 && reply["content"] == "same")
        #expect(fleet.loginCount == 20)
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func deniedIsPermissionDenied(_ wiring: Rig.Wiring) async throws {
      var options = TestFleet.Options()
      options.hosts = 1
      options.subsystem = TestFleet.Options.unprivilegedSubsystem
      try await TestFleet.with(options) { fleet in
        let path = fleet.files.path
        for name in ["open", "closed"] { try Data(name.utf8).write(to: fleet.files.appending(path: name)) }
        try FileManager.default.createDirectory(atPath: path + "/folder/inner", withIntermediateDirectories: true)
        for name in ["closed", "folder"] { #expect(chmod(path + "/" + name, 0) == 0) }
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          let open = try await rig.call("read", ["target": .string("host1:\(path)/open")])
          #expect(open["content"] == "open", "\(open.outcome.text)")
          let file = try await rig.call("read", ["target": .string("host1:\(path)/closed")])
          #expect(file.codes == ["permission_denied"], "\(file.outcome.text)")
          #expect(file.outcome.isError && file.outcome.text.contains("host1"))
          let beyond = try await rig.call("read", ["target": .string("host1:\(path)/folder/inner/f")])
          #expect(beyond.codes == ["permission_denied"], "\(beyond.outcome.text)")
          let folder = try await rig.call("list", ["target": .string("host1:\(path)/folder")])
          #expect(folder.codes == ["permission_denied"], "\(folder.outcome.text)")
        }
        // For whoever removes it.
        chmod(path + "/folder", 0o700)
      }
    }

    /// A server may deny on grounds of its own (sftp-server(8), -P).
    @Test func whatTheServerDeniesIsPermissionDenied() async throws {
      var options = TestFleet.Options()
      options.hosts = 1
      options.subsystem = "internal-sftp -P open"
      try await TestFleet.with(options) { fleet in
        try await Rig.with(.embedded, configPath: fleet.configPath) { rig in
          let reply = try await rig.call("read", ["target": "host1:/etc/hostname"])
          #expect(reply.codes == ["permission_denied"])
        }
      }
    }
  }
}
