import Foundation
import TestFleet
import Testing

extension EndToEnd {
  /// Large files: however large, neither side holds more than a part.
  @Suite struct BulkTests {
    private static let gibibyte = 1 << 30

    @Test func aGibibyteOverTheLinkLeavesMemoryFlat() async throws {
      try await TestFleet.with(hosts: 1) { fleet in
        let path = fleet.files.path + "/gibibyte"
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        #expect(truncate(path, Self.gibibyte) == 0)
        let agent = try ScoutProcess(["agent", "--listen", "127.0.0.1:0", "--ssh-config", fleet.configPath])
        let link = ["--no-embedded-agent", "--agent", "dc1=http://127.0.0.1:\(try await agent.port())"]
        // One small read: the connection is no part of what a large one costs.
        #expect(try await ScoutProcess.run(["read", "host1:/etc/hostname"] + link).code == 0)
        let idle = try memory(of: agent.pid)

        let reader = Process()
        let counter = Process()
        let (bytes, count) = (Pipe(), Pipe())
        reader.executableURL = ScoutProcess.binary
        reader.arguments = ["read", "--raw", "host1:\(path)", "--timeout-ms", "300000"] + link
        reader.standardInput = FileHandle.nullDevice
        reader.standardOutput = bytes
        counter.executableURL = URL(filePath: "/usr/bin/wc")
        counter.arguments = ["-c"]
        counter.standardInput = bytes
        counter.standardOutput = count
        try counter.run()
        try reader.run()
        // Only the two processes hold the pipe from here on: its end is the reader's.
        try bytes.fileHandleForWriting.close()
        try bytes.fileHandleForReading.close()
        var first: Int?
        var most = 0
        try await until(within: .seconds(240)) {
          if let peak = try? memory(of: reader.processIdentifier) {
            first = first ?? peak
            most = max(most, peak)
          }
          return !reader.isRunning
        }
        #expect(reader.terminationStatus == 0)
        let output = String(decoding: count.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)) == Self.gibibyte)
        let agentGrowth = try memory(of: agent.pid) - idle
        #expect(agentGrowth < 64 << 20, "the agent grew by \(agentGrowth) bytes")
        let readerGrowth = most - (first ?? 0)
        #expect(readerGrowth < 64 << 20, "the coordinator grew by \(readerGrowth) bytes")
      }
    }

    /// The most that a process has held in memory so far, in bytes (proc(5), VmHWM).
    private func memory(of pid: Int32) throws -> Int {
      let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
      let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      guard let line, let kibibytes = Int(line.split(separator: " ").dropLast().last ?? "") else {
        throw FleetError("no memory figure of process \(pid)")
      }
      return kibibytes << 10
    }
  }
}
