import Foundation
import MCP
import TestFleet
import Testing

extension EndToEnd {
  /// The tool `list` over a real sshd.
  @Suite struct ListTests {
    private func names(_ reply: Reply) -> [String] { reply["entries"]?.array?.compactMap { $0["name"]?.string } ?? [] }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func entriesWithTheirFacts(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let files = FileManager.default
        try Data("12345".utf8).write(to: fleet.files.appending(path: "file"))
        try Data().write(to: fleet.files.appending(path: ".hidden"))
        try files.createDirectory(at: fleet.files.appending(path: "folder/inner"), withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: fleet.files.path + "/link", withDestinationPath: "file")
        let target = JSON.string("host1:\(fleet.files.path)")

        let flat = try await rig.call("list", ["target": target])
        #expect(names(flat) == ["file", "folder", "link"])
        let entries = flat["entries"]?.array ?? []
        #expect(entries.first?["size"] == 5 && entries.first?["type"] == "file")
        #expect(entries.last?["link_target"] == "file")
        let tree = try await rig.call("list", ["target": target, "depth": 3, "hidden": true])
        #expect(names(tree) == [".hidden", "file", "folder", "folder/inner", "link"])
      }
    }

    @Test(arguments: Rig.Wiring.allCases)
    func aFileIsNotADirectory(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        try Data().write(to: fleet.files.appending(path: "file"))
        let file = try await rig.call("list", ["target": .string("host1:\(fleet.files.path)/file")])
        #expect(file.codes == ["not_a_directory"])
        let missing = try await rig.call("list", ["target": .string("host1:\(fleet.files.path)/none")])
        #expect(missing.codes == ["not_found"])
      }
    }

    /// Names of links' targets count, too: each message stays below the link's bound.
    @Test func longTargetsOfLinksFit() async throws {
      try await Rig.with(.link, hosts: 1) { rig, fleet in
        let target = String(repeating: "x/", count: 2000)
        for number in 0..<1500 { symlink(target, fleet.files.path + "/link\(number)") }
        let reply = try await rig.call("list", ["target": .string("host1:\(fleet.files.path)"), "limit": 1500])
        #expect(reply.answeredHosts == 1, "\(reply.outcome.text.prefix(500))")
      }
    }

    @Test(arguments: Rig.Wiring.inThisProcess)
    func aNameThatIsNotTextIsThereExactly(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        let name: [UInt8] = [0x61, 0xFF, 0x62]
        try #require(
          (Array(fleet.files.path.utf8 + [0x2F]) + name + [0]).withUnsafeBufferPointer { path in
            path.withMemoryRebound(to: CChar.self) { symlink("\u{e9}", $0.baseAddress!) == 0 }
          })
        let reply = try await rig.call("list", ["target": .string("host1:\(fleet.files.path)")])
        let entry = try #require(reply["entries"]?.array?.first)
        #expect(entry["name"] == "a\u{FFFD}b")
        #expect(entry["name_base64"]?.string == Data(name).base64EncodedString())
        #expect(entry["link_target"] == "\u{e9}" && entry["link_target_base64"] == nil)
      }
    }

    /// A tree that is too far away for the call's time: what was found is told, and which directories were not read.
    @Test(arguments: Rig.Wiring.inThisProcess)
    func aTreeThatRunsOutOfTimeIsToldAsFarAsItGoes(_ wiring: Rig.Wiring) async throws {
      var options = TestFleet.Options()
      options.sftpDelay = .milliseconds(20)
      try await TestFleet.with(options) { fleet in
        // Four requests each: half a minute in all.
        for number in 0..<400 { mkdir(fleet.files.path + "/d\(number)", 0o755) }
        try await Rig.with(wiring, configPath: fleet.configPath) { rig in
          let reply = try await rig.call(
            "list",
            ["target": .string("host1:\(fleet.files.path)"), "depth": 2, "limit": 10_000, "timeout_ms": 4000])
          #expect(reply.answeredHosts == 1, "\(reply.outcome.text.prefix(500))")
          #expect(reply["truncated"] == true && reply["total"] == 400)
          #expect(reply["entries"]?.array?.contains { $0["error"] == "timeout" } == true)
          #expect(reply["note"]?.string?.contains("a longer timeout_ms") == true)
        }
      }
    }

    /// What a link points to is told as long as there is time; the link itself is, whatever comes.
    @Test func linksWhoseTargetsTakeTooLongAreThereWithoutThem() async throws {
      var options = TestFleet.Options()
      options.sftpDelay = .milliseconds(20)
      try await TestFleet.with(options) { fleet in
        for number in 0..<400 { symlink("target", fleet.files.path + "/link\(number)") }
        try await Rig.with(.link, configPath: fleet.configPath) { rig in
          let reply = try await rig.call(
            "list", ["target": .string("host1:\(fleet.files.path)"), "limit": 400, "timeout_ms": 4000])
          #expect(reply.answeredHosts == 1, "\(reply.outcome.text.prefix(500))")
          let entries = reply["entries"]?.array ?? []
          #expect(entries.count == 400 && entries.first?["link_target"] == "target")
          #expect(entries.last?["link_target"] == nil && entries.last?["type"] == "symlink")
          #expect(reply["note"]?.string?.contains("a longer timeout_ms") == true)
        }
      }
    }

    @Test(arguments: [Rig.Wiring.listener])
    func fiftyThousandEntriesAreBoundedAndSayHowToGoOn(_ wiring: Rig.Wiring) async throws {
      try await Rig.with(wiring, hosts: 1) { rig, fleet in
        for number in 0..<50_000 {
          let descriptor = open(fleet.files.path + String(format: "/f%05d", number), O_CREAT | O_WRONLY, 0o644)
          close(descriptor)
        }
        let target = JSON.string("host1:\(fleet.files.path)")
        let first = try await rig.call("list", ["target": target, "limit": 100, "timeout_ms": 30_000])
        #expect(names(first).count == 100 && first["truncated"] == true && first["total"] == 50_000)
        #expect(first.outcome.text.contains("skip"))
        let next = try await rig.call("list", ["target": target, "limit": 2, "skip": 49_998, "timeout_ms": 30_000])
        #expect(names(next) == ["f49998", "f49999"] && next["truncated"] == false)
        let usual = try await rig.call("list", ["target": target, "timeout_ms": 30_000])
        #expect(usual["truncated"] == true && usual.outcome.text.utf8.count < 200_000)
      }
    }
  }
}
